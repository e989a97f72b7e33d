import { createServer } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../process/clock.ts';
import { admit, check, HookStage } from '../../test/builders/hook-stage.ts';
import { Backend } from '../../test/harness/backend.ts';
import { freePort } from '../../test/harness/ports.ts';
import type { SessionCalls } from './session-calls.ts';

let stage: HookStage;

beforeEach(async () => {
  stage = await HookStage.start();
});
afterEach(() => stage.close());

describe('a call', () => {
  it('is a POST of JSON to the method below the URL, with ids and version', async () => {
    const calls = stage.session(stage.hookOf({ url: `${stage.backend.url}/` }));
    await admit(calls);
    await admit(calls, 'playStream');
    const [first, second] = stage.backend.calls;
    expect(first).toMatchObject({ method: 'publishStream', body: { name: 'a', sdp: 'v=0' } });
    expect(first?.headers).toMatchObject({
      'content-type': 'application/json;charset=UTF-8',
      accept: 'application/json',
      'user-agent': 'sluice/1.2.3',
      'x-sluice-sequence': '1',
    });
    expect(second?.headers['x-sluice-sequence']).toBe('2');
    expect(first?.headers['x-sluice-event-id']).toMatch(/^[0-9a-f-]{36}$/);
    expect(second?.headers['x-sluice-event-id']).not.toBe(first?.headers['x-sluice-event-id']);
  });

  it('is not made for a method that is not listed, is disabled, or without a hook', async () => {
    const unlisted = stage.session(stage.hookOf({ methods: [{ name: 'connect' }] }));
    const disabled = stage.session(stage.hookOf({ methods: [{ name: 'publishStream', restPolicy: 'DISABLE' }] }));
    for (const calls of [unlisted, disabled, stage.session(null)]) {
      expect(await admit(calls)).toEqual({ kind: 'allowed', overwrite: {} });
    }
    expect(stage.backend.calls).toEqual([]);
  });

  it('leaves the fields of restExclude out', async () => {
    await admit(stage.session(stage.hookOf({ methods: [{ name: 'publishStream', restExclude: ['sdp'] }] })));
    expect(stage.backend.calls[0]?.body).toEqual({ name: 'a' });
  });

  it('does not follow redirects', async () => {
    stage.backend.answer = () => ({ status: 302, headers: { location: stage.backend.url } });
    expect(await admit(stage.session(stage.hookOf()))).toMatchObject({ kind: 'unavailable' });
    expect(stage.backend.calls).toHaveLength(1);
  });
});

describe('a hook that a reload replaces', () => {
  /** Replaces the hook of the app as soon as the old stage.backend has answered, as the app table does it. */
  async function replaced(): Promise<{ calls: SessionCalls; next: Backend }> {
    const next = await Backend.start();
    const app = { config: { appKey: 'defaultApp' }, hook: stage.hookOf() };
    stage.backend.answer = () => {
      const old = app.hook;
      app.hook = stage.hookOf({ url: next.url });
      old.close();
      return 503;
    };
    return { calls: stage.sessionOf(app), next };
  }

  it('between two tries of an admission: the second one is made to the new one', async () => {
    const { calls, next } = await replaced();
    expect((await admit(calls)).kind).toBe('allowed');
    expect(next.of('publishStream')).toHaveLength(1);
    await next.close();
  });

  it('between two tries of an event likewise', async () => {
    const { calls, next } = await replaced();
    calls.event('StreamStatusEvent', { name: 'a' });
    await stage.queues.flush(systemClock, 2000);
    expect(next.of('StreamStatusEvent')).toHaveLength(1);
    await next.close();
  });
});

describe('a keep-alive call', () => {
  it('gives the status at once, also when the body never ends', async () => {
    stage.backend.answer = () => (response) => {
      response.writeHead(403);
      response.write('x');
    };
    expect(await check(stage.session(stage.hookOf()), 2000)).toMatchObject({ kind: 'status', status: 403 });
  });

  it('fails by timeout, refusal and reset, and is not retried', async () => {
    stage.backend.answer = () => () => undefined;
    expect(await check(stage.session(stage.hookOf()), 100)).toMatchObject({ kind: 'failure', failure: 'timeout' });
    stage.backend.answer = () => (_response, socket) => socket.destroy();
    expect(await check(stage.session(stage.hookOf()))).toMatchObject({ kind: 'failure', failure: 'reset' });
    expect(stage.backend.calls).toHaveLength(2);
    const closed = stage.hookOf({ url: `http://127.0.0.1:${await freePort()}/x` });
    expect(await check(stage.session(closed))).toMatchObject({ kind: 'failure', failure: 'refused' });
    expect(stage.counted).toEqual([
      'StreamKeepAliveEvent timeout',
      'StreamKeepAliveEvent reset',
      'StreamKeepAliveEvent refused',
    ]);
  });

  it('is repeated once on a pooled connection that the stage.backend has closed', async () => {
    // Answers the first request of each connection and closes at the second, as a stage.backend that restarts does.
    let requests = 0;
    const server = createServer((socket) => {
      let own = 0;
      socket.on('error', () => undefined);
      socket.on('data', () => {
        requests += 1;
        own += 1;
        if (own === 1) socket.write('HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: keep-alive\r\n\r\n');
        else socket.destroy();
      });
    });
    const port = await freePort();
    await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
    const calls = stage.session(stage.hookOf({ url: `http://127.0.0.1:${port}/x`, maxConnections: 1 }));
    expect(await check(calls)).toMatchObject({ status: 200 });
    expect(await check(calls)).toMatchObject({ status: 200 });
    expect(requests).toBe(3);
    server.close();
  });

  it('does not wait for events or admission that hang', async () => {
    stage.backend.answer = ({ method }) => (method === 'StreamKeepAliveEvent' ? 200 : () => undefined);
    const hook = stage.hookOf({ timeoutMs: 2_000 });
    const hanging = Array.from({ length: 40 }, () => {
      const calls = stage.session(hook);
      calls.event('StreamStatusEvent', {});
      return admit(calls);
    });
    const startedAt = performance.now();
    expect(await check(stage.session(hook))).toMatchObject({ status: 200 });
    expect(performance.now() - startedAt).toBeLessThan(1_500);
    await Promise.all(hanging);
  }, 30_000);
});
