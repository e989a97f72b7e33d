import { createServer as createTlsServer } from 'node:https';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { HookConfig } from '../../crds/schema/server-config.ts';
import { admit, check, HookStage } from '../../test/builders/hook-stage.ts';
import { selfSigned } from '../../test/harness/certificate.ts';
import { freePort } from '../../test/harness/ports.ts';

let stage: HookStage;
beforeEach(async () => {
  stage = await HookStage.start();
});
afterEach(() => stage.close());

describe('a call', () => {
  it('posts JSON to the URL of the method, with ids and version', async () => {
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

  it('does not follow redirects', async () => {
    stage.backend.answer = () => ({ status: 302, headers: { location: stage.backend.url } });
    expect(await admit(stage.session(stage.hookOf()))).toMatchObject({ kind: 'unavailable' });
    expect(stage.backend.calls).toHaveLength(1);
  });

  it('ignores a body over 64 KiB', async () => {
    stage.backend.answer = () => ({ status: 200, body: JSON.stringify({ name: 'b', pad: 'x'.repeat(70_000) }) });
    const methods: HookConfig['methods'] = [
      { name: 'publishStream', restPolicy: 'OVERWRITE', restOverwrite: ['name'] },
    ];
    expect(await admit(stage.session(stage.hookOf({ methods })))).toEqual({ kind: 'allowed', overwrite: {} });
  });
});

describe('a keep-alive call', () => {
  it('returns the status at once, even when the body never ends', async () => {
    stage.backend.answer = () => (response) => {
      response.writeHead(403);
      response.write('x');
    };
    expect(await check(stage.session(stage.hookOf()), 2000)).toMatchObject({ kind: 'status', status: 403 });
  });

  it('fails on timeout, refusal and reset, and is not retried', async () => {
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

describe('https', () => {
  it('accepts certificates of the configured CA only, and any certificate with insecureSkipVerify', async () => {
    const pair = selfSigned('backend');
    const server = createTlsServer(pair, (request, response) => {
      request.resume();
      request.on('end', () => response.writeHead(200).end());
    });
    const port = await freePort();
    await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
    const url = `https://127.0.0.1:${port}/MyAPI`;
    const ca = new Map([['ca.crt', Buffer.from(pair.cert)]]);
    try {
      expect(await check(stage.session(stage.hookOf({ url })))).toMatchObject({ kind: 'failure', failure: 'tls' });
      const own = stage.hookOf({ url, tls: { ca: 'ca.crt', insecureSkipVerify: false } }, ca);
      expect(await check(stage.session(own))).toMatchObject({ kind: 'status', status: 200 });
      const any = stage.hookOf({ url, tls: { insecureSkipVerify: true } });
      expect(await check(stage.session(any))).toMatchObject({ kind: 'status', status: 200 });
    } finally {
      server.close();
      server.closeAllConnections();
    }
  });
});
