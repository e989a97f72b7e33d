import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { HookConfig } from '../../crds/schema/server-config.ts';
import { systemClock } from '../../process/clock.ts';
import { admit, check, HookStage } from '../../test/builders/hook-stage.ts';
import { Backend, type Reply } from '../../test/harness/backend.ts';
import { RawBackend } from '../../test/harness/raw-backend.ts';
import type { SessionCalls } from './session-calls.ts';

let stage: HookStage;
beforeEach(async () => {
  stage = await HookStage.start();
});
afterEach(() => stage.close());

describe('a call', () => {
  it('is not made for a method that is not listed, is disabled, or without a hook', async () => {
    const unlisted = stage.session(stage.hookOf({ methods: [{ name: 'connect' }] }));
    const disabled = stage.session(stage.hookOf({ methods: [{ name: 'publishStream', restPolicy: 'DISABLE' }] }));
    for (const calls of [unlisted, disabled, stage.session(null)]) {
      expect(await admit(calls)).toEqual({ kind: 'allowed', overwrite: {} });
    }
    expect(stage.backend.calls).toEqual([]);
  });

  it('leaves out the fields of restExclude', async () => {
    await admit(stage.session(stage.hookOf({ methods: [{ name: 'publishStream', restExclude: ['sdp'] }] })));
    expect(stage.backend.calls[0]?.body).toEqual({ name: 'a' });
  });
});

describe('an answer to admission', () => {
  const rows: [string, Reply, 'allowed' | 'refused' | 'unavailable'][] = [
    ['204', 204, 'allowed'],
    ['200 with HTML', { status: 200, body: '<html>' }, 'allowed'],
    ['301', 301, 'unavailable'],
    ['401', 401, 'unavailable'],
    ['403', 403, 'refused'],
    ['500', 500, 'unavailable'],
    ['a reset', (_response, socket) => socket.destroy(), 'unavailable'],
    ['no answer', () => undefined, 'unavailable'],
  ];

  it.each(rows)('%s decides with FAIL', async (_what, reply, kind) => {
    stage.backend.answer = () => reply;
    expect((await admit(stage.session(stage.hookOf({ timeoutMs: 1_000 })))).kind).toBe(kind);
  });

  it.each(rows)('%s with LOG allows, but not for connect', async (_what, reply, kind) => {
    stage.backend.answer = () => reply;
    const methods: HookConfig['methods'] = ['connect', 'publishStream'].map((name) => ({
      name: name as 'connect',
      restOnError: 'LOG',
    }));
    const calls = stage.session(stage.hookOf({ methods, timeoutMs: 1_000 }));
    expect((await admit(calls)).kind).toBe('allowed');
    expect((await admit(calls, 'connect')).kind).toBe(kind);
  });

  it('is retried once after 503, with the same event id', async () => {
    let first = true;
    stage.backend.answer = () => {
      const status = first ? 503 : 200;
      first = false;
      return status;
    };
    expect((await admit(stage.session(stage.hookOf()))).kind).toBe('allowed');
    const [one, two] = stage.backend.calls.map(({ headers }) => headers['x-sluice-event-id']);
    expect(one).toBe(two);
  });

  it('overwrites the named fields when they have the right type', async () => {
    stage.backend.answer = () => ({
      status: 200,
      body: '{"name":"b","maxBitrate":"x","hasAudio":false,"custom":{"a":1}}',
    });
    const methods: HookConfig['methods'] = [
      { name: 'publishStream', restPolicy: 'OVERWRITE', restOverwrite: ['name', 'maxBitrate', 'custom'] },
    ];
    expect(await admit(stage.session(stage.hookOf({ methods })))).toEqual({
      kind: 'allowed',
      overwrite: { name: 'b', custom: { a: 1 } },
    });
  });

  it.each(['connect', 'publishStream'] as const)(
    'to %s is a refusal even if the body of the 403 never arrives',
    async (method) => {
      stage.backend.answer = () => (response) => {
        response.writeHead(403, { 'content-length': '10' }).flushHeaders();
      };
      const methods: HookConfig['methods'] = [
        { name: 'connect' },
        { name: 'publishStream', restPolicy: 'OVERWRITE', restOverwrite: ['name'] },
      ];
      expect(await admit(stage.session(stage.hookOf({ methods })), method)).toMatchObject({ kind: 'refused' });
    },
  );

  it('overwrites nothing if it is an error that is only logged', async () => {
    stage.backend.answer = () => ({ status: 500, body: '{"name":"InternalServerError"}' });
    const methods: HookConfig['methods'] = [
      { name: 'publishStream', restOnError: 'LOG', restPolicy: 'OVERWRITE', restOverwrite: ['name'] },
    ];
    expect(await admit(stage.session(stage.hookOf({ methods })))).toEqual({ kind: 'allowed', overwrite: {} });
  });
});

describe('a hook replaced by a reload', () => {
  /** Replaces the hook of the app as soon as the old backend has answered, as the app table does it. */
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

  it('leaves the second try of an admission to the new hook', async () => {
    const { calls, next } = await replaced();
    expect((await admit(calls)).kind).toBe('allowed');
    expect(next.of('publishStream')).toHaveLength(1);
    await next.close();
  });

  it.each([403, 404, 500])('logs an event that the backend answers with %i', async (status) => {
    stage.backend.answer = () => status;
    stage.session(stage.hookOf({ retries: 0 })).event('StreamStatusEvent', { name: 'a' });
    await expect
      .poll(() => stage.lines)
      .toMatchObject([
        { method: 'StreamStatusEvent', reply: `it answered ${status}`, msg: 'the backend did not accept a hook event' },
      ]);
  });

  it('leaves the second try of an event to the new hook', async () => {
    const { calls, next } = await replaced();
    calls.event('StreamStatusEvent', { name: 'a' });
    await stage.queues.flush(systemClock, 2000);
    expect(next.of('StreamStatusEvent')).toHaveLength(1);
    await next.close();
  });
});

describe('restClientConfig in the answer to connect', () => {
  it('wins over the RestHook for this session only', async () => {
    stage.backend.answer = ({ method }) =>
      method === 'connect'
        ? {
            status: 200,
            body: '{"restClientConfig":{"publishStream":{"restExclude":"sdp, name","restOnError":"LOG"},"nosuch":{}}}',
          }
        : 403;
    const hook = stage.hookOf();
    const calls = stage.session(hook);
    await admit(calls, 'connect');
    expect((await admit(calls)).kind).toBe('allowed');
    expect(stage.backend.calls[1]?.body).toEqual({});
    expect((await admit(stage.session(hook))).kind).toBe('refused');
  });
});

describe('a restClientConfig with invalid fields', () => {
  const answer = (restClientConfig: unknown): void => {
    stage.backend.answer = ({ method }) => ({
      status: 200,
      body: JSON.stringify(method === 'connect' ? { restClientConfig } : { name: 'b' }),
    });
  };

  it('applies except for the invalid fields', async () => {
    answer({
      nosuch: {},
      publishStream: { restPolicy: 'OVERWRITE', restOverwrite: 'name, width', restOnError: 'MAYBE', restExlude: 'sdp' },
    });
    const calls = stage.session(stage.hookOf());
    await admit(calls, 'connect');
    expect(await admit(calls)).toEqual({ kind: 'allowed', overwrite: { name: 'b' } });
  });

  it('is logged once and counted for each session', async () => {
    answer({ nosuch: {}, publishStream: { restOverwrite: 'width' } });
    const hook = stage.hookOf();
    for (let round = 0; round < 3; round++) await admit(stage.session(hook), 'connect');
    expect(stage.lines).toMatchObject([
      {
        msg: 'parts of restClientConfig are ignored',
        appKey: 'defaultApp',
        findings: [
          { method: 'nosuch', reason: 'unknown method' },
          { method: 'publishStream', field: 'restOverwrite', reason: expect.stringContaining('not width') },
        ],
      },
    ]);
    expect(stage.counted.filter((entry) => entry === 'ignored 2')).toHaveLength(3);
    answer({ other: {} });
    await admit(stage.session(hook), 'connect');
    expect(stage.lines).toHaveLength(2);
  });
});

describe('a keep-alive call', () => {
  it('is retried once when the backend closed a pooled connection', async () => {
    // Answers the first request of each connection and closes at the second, as a backend that restarts does.
    const raw = await RawBackend.start((socket, nth) => {
      if (nth === 1) socket.write('HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: keep-alive\r\n\r\n');
      else socket.destroy();
    });
    const calls = stage.session(stage.hookOf({ url: raw.url, maxConnections: 1 }));
    expect(await check(calls)).toMatchObject({ status: 200 });
    expect(await check(calls)).toMatchObject({ status: 200 });
    expect(raw.requests).toBe(3);
    await raw.close();
  });
});
