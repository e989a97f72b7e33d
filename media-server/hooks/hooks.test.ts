import { createHmac } from 'node:crypto';
import { createServer as createTlsServer } from 'node:https';
import { createServer } from 'node:net';
import { Webhook } from 'standardwebhooks';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { HookMethod } from '../../crds/schema/hook.ts';
import type { AppConfig, HookConfig } from '../../crds/schema/server-config.ts';
import { systemClock } from '../../process/clock.ts';
import { createLogger, type Log } from '../../process/logger.ts';
import { Backend, type Reply } from '../../test/harness/backend.ts';
import { selfSigned } from '../../test/harness/certificate.ts';
import { freePort } from '../../test/harness/ports.ts';
import { until } from '../../test/harness/wait.ts';
import type { App } from '../apps/app.ts';
import { createHook, type Hook } from './hook.ts';
import { IgnoredConfig } from './ignored-config.ts';
import { EventQueues } from './queue.ts';
import { SessionCalls } from './session-calls.ts';

const NEVER = new AbortController().signal;
const METHODS: readonly HookMethod[] = [
  'connect',
  'publishStream',
  'playStream',
  'StreamKeepAliveEvent',
  'StreamStatusEvent',
];

const appConfig: AppConfig = {
  name: 'default',
  appKey: 'defaultApp',
  keepAlive: { enabled: true, intervalMs: 1000 },
  limits: { publications: 0, playbacksPerStream: 0, durationMs: 0, maxBitrate: 0 },
  codecs: ['opus'],
};

let backend: Backend;
let hooks: Hook[];
let queues: EventQueues;
let counted: string[];
let lines: object[];
let log: Log;
let ignored: IgnoredConfig;

beforeEach(async () => {
  backend = await Backend.start();
  hooks = [];
  queues = new EventQueues();
  counted = [];
  lines = [];
  log = createLogger('warn', { write: (line) => lines.push(JSON.parse(line)) });
  ignored = new IgnoredConfig(log);
});

afterEach(async () => {
  for (const hook of hooks) hook.close();
  await backend.close();
});

function hookOf(over: Partial<HookConfig> = {}, assets = new Map<string, Buffer>()): Hook {
  const config: HookConfig = {
    name: 'backend',
    url: backend.url,
    methods: METHODS.map((name) => ({ name })),
    timeoutMs: 1000,
    retries: 1,
    maxConnections: 4,
    auth: { type: 'none' },
    tls: { insecureSkipVerify: false },
    ...over,
  };
  const hook = createHook(config, assets, { clock: systemClock, version: '1.2.3' });
  hooks.push(hook);
  return hook;
}

const session = (hook: Hook | null): SessionCalls => sessionOf({ config: appConfig, hook, unresolved: null });

function sessionOf(app: App): SessionCalls {
  return new SessionCalls(app, {
    clock: { ...systemClock, random: () => 0 },
    log,
    queues,
    ignored,
    metrics: {
      hookRequest: (_app, method, result) => counted.push(`${method} ${result}`),
      hookEventDropped: () => counted.push('dropped'),
      hookConfigIgnored: (_app, parts) => counted.push(`ignored ${parts}`),
    },
  });
}

const admit = (calls: SessionCalls, method: 'connect' | 'publishStream' | 'playStream' = 'publishStream') =>
  calls.admit(method, { name: 'a', sdp: 'v=0' }, NEVER);
const check = (calls: SessionCalls, timeoutMs = 500) => calls.keepAlive({ name: 'a' }, { timeoutMs, signal: NEVER });

describe('a call', () => {
  it('is a POST of JSON to the method below the URL, with ids and version', async () => {
    const calls = session(hookOf({ url: `${backend.url}/` }));
    await admit(calls);
    await admit(calls, 'playStream');
    const [first, second] = backend.calls;
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
    const unlisted = session(hookOf({ methods: [{ name: 'connect' }] }));
    const disabled = session(hookOf({ methods: [{ name: 'publishStream', restPolicy: 'DISABLE' }] }));
    for (const calls of [unlisted, disabled, session(null)]) {
      expect(await admit(calls)).toEqual({ kind: 'allowed', overwrite: {} });
    }
    expect(backend.calls).toEqual([]);
  });

  it('leaves the fields of restExclude out', async () => {
    await admit(session(hookOf({ methods: [{ name: 'publishStream', restExclude: ['sdp'] }] })));
    expect(backend.calls[0]?.body).toEqual({ name: 'a' });
  });

  it('does not follow redirects', async () => {
    backend.answer = () => ({ status: 302, headers: { location: backend.url } });
    expect(await admit(session(hookOf()))).toMatchObject({ kind: 'unavailable' });
    expect(backend.calls).toHaveLength(1);
  });
});

describe('an answer to admission', () => {
  const rows: [string, Reply, 'allowed' | 'refused' | 'unavailable'][] = [
    ['200', 200, 'allowed'],
    ['204', 204, 'allowed'],
    ['200 with HTML', { status: 200, body: '<html>' }, 'allowed'],
    ['301', 301, 'unavailable'],
    ['400', 400, 'refused'],
    ['401', 401, 'unavailable'],
    ['403', 403, 'refused'],
    ['404', 404, 'refused'],
    ['408', 408, 'unavailable'],
    ['425', 425, 'unavailable'],
    ['429', 429, 'unavailable'],
    ['500', 500, 'unavailable'],
    ['503', 503, 'unavailable'],
    ['a reset', (_response, socket) => socket.destroy(), 'unavailable'],
    ['no answer', () => undefined, 'unavailable'],
  ];

  it.each(rows)('%s with FAIL', async (_what, reply, kind) => {
    backend.answer = () => reply;
    expect((await admit(session(hookOf({ timeoutMs: 1_000 })))).kind).toBe(kind);
  });

  it.each(rows)('%s with LOG allows, but not for connect', async (_what, reply, kind) => {
    backend.answer = () => reply;
    const methods: HookConfig['methods'] = ['connect', 'publishStream'].map((name) => ({
      name: name as 'connect',
      restOnError: 'LOG',
    }));
    const calls = session(hookOf({ methods, timeoutMs: 1_000 }));
    expect((await admit(calls)).kind).toBe('allowed');
    expect((await admit(calls, 'connect')).kind).toBe(kind);
  });

  it('is retried once after 503, with the same event id', async () => {
    let first = true;
    backend.answer = () => {
      const status = first ? 503 : 200;
      first = false;
      return status;
    };
    expect((await admit(session(hookOf()))).kind).toBe('allowed');
    const [one, two] = backend.calls.map(({ headers }) => headers['x-sluice-event-id']);
    expect(one).toBe(two);
  });

  it.each([500, 401, 404])('is not retried after %d', async (status) => {
    backend.answer = () => status;
    await admit(session(hookOf({ retries: 3 })));
    expect(backend.calls).toHaveLength(1);
  });

  it('passes Retry-After on', async () => {
    backend.answer = () => ({ status: 429, headers: { 'retry-after': '7' } });
    expect(await admit(session(hookOf()))).toMatchObject({ kind: 'unavailable', retryAfterSeconds: 7 });
  });

  it('overwrites the named fields when they have the right type', async () => {
    backend.answer = () => ({ status: 200, body: '{"name":"b","maxBitrate":"x","hasAudio":false,"custom":{"a":1}}' });
    const methods: HookConfig['methods'] = [
      { name: 'publishStream', restPolicy: 'OVERWRITE', restOverwrite: ['name', 'maxBitrate', 'custom'] },
    ];
    expect(await admit(session(hookOf({ methods })))).toEqual({
      kind: 'allowed',
      overwrite: { name: 'b', custom: { a: 1 } },
    });
  });

  it.each(['connect', 'publishStream'] as const)('of %s is refused by a 403 whose body never comes', async (method) => {
    backend.answer = () => (response) => {
      response.writeHead(403, { 'content-length': '10' }).flushHeaders();
    };
    const methods: HookConfig['methods'] = [
      { name: 'connect' },
      { name: 'publishStream', restPolicy: 'OVERWRITE', restOverwrite: ['name'] },
    ];
    expect(await admit(session(hookOf({ methods })), method)).toMatchObject({ kind: 'refused' });
  });

  it('overwrites nothing when it is an error that is only logged', async () => {
    backend.answer = () => ({ status: 500, body: '{"name":"InternalServerError"}' });
    const methods: HookConfig['methods'] = [
      { name: 'publishStream', restOnError: 'LOG', restPolicy: 'OVERWRITE', restOverwrite: ['name'] },
    ];
    expect(await admit(session(hookOf({ methods })))).toEqual({ kind: 'allowed', overwrite: {} });
  });

  it('ignores a body over 64 KiB', async () => {
    backend.answer = () => ({ status: 200, body: JSON.stringify({ name: 'b', pad: 'x'.repeat(70_000) }) });
    const methods: HookConfig['methods'] = [
      { name: 'publishStream', restPolicy: 'OVERWRITE', restOverwrite: ['name'] },
    ];
    expect(await admit(session(hookOf({ methods })))).toEqual({ kind: 'allowed', overwrite: {} });
  });
});

describe('a hook that a reload replaces', () => {
  /** Replaces the hook of the app as soon as the old backend has answered, as the app table does it. */
  async function replaced(): Promise<{ calls: SessionCalls; next: Backend }> {
    const next = await Backend.start();
    const app = { config: appConfig, hook: hookOf(), unresolved: null };
    backend.answer = () => {
      const old = app.hook;
      app.hook = hookOf({ url: next.url });
      old.close();
      return 503;
    };
    return { calls: sessionOf(app), next };
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
    await queues.flush(systemClock, 2000);
    expect(next.of('StreamStatusEvent')).toHaveLength(1);
    await next.close();
  });
});

describe('restClientConfig in the answer to connect', () => {
  it('wins over the RestHook for this session only', async () => {
    backend.answer = ({ method }) =>
      method === 'connect'
        ? {
            status: 200,
            body: '{"restClientConfig":{"publishStream":{"restExclude":"sdp, name","restOnError":"LOG"},"nosuch":{}}}',
          }
        : 403;
    const hook = hookOf();
    const calls = session(hook);
    await admit(calls, 'connect');
    expect((await admit(calls)).kind).toBe('allowed');
    expect(backend.calls[1]?.body).toEqual({});
    expect((await admit(session(hook))).kind).toBe('refused');
  });
});

describe('a restClientConfig that is not understood', () => {
  const answer = (restClientConfig: unknown): void => {
    backend.answer = ({ method }) => ({
      status: 200,
      body: JSON.stringify(method === 'connect' ? { restClientConfig } : { name: 'b' }),
    });
  };

  it('in part holds with the rest', async () => {
    answer({
      nosuch: {},
      publishStream: { restPolicy: 'OVERWRITE', restOverwrite: 'name, width', restOnError: 'MAYBE', restExlude: 'sdp' },
    });
    const calls = session(hookOf());
    await admit(calls, 'connect');
    expect(await admit(calls)).toEqual({ kind: 'allowed', overwrite: { name: 'b' } });
  });

  it('is logged once and counted for each session', async () => {
    answer({ nosuch: {}, publishStream: { restOverwrite: 'width' } });
    const hook = hookOf();
    for (let round = 0; round < 3; round++) await admit(session(hook), 'connect');
    expect(lines).toMatchObject([
      {
        msg: 'parts of restClientConfig are ignored',
        appKey: 'defaultApp',
        findings: [
          { method: 'nosuch', reason: 'unknown method' },
          { method: 'publishStream', field: 'restOverwrite', reason: expect.stringContaining('not width') },
        ],
      },
    ]);
    expect(counted.filter((entry) => entry === 'ignored 2')).toHaveLength(3);
    answer({ other: {} });
    await admit(session(hook), 'connect');
    expect(lines).toHaveLength(2);
  });
});

describe('a keep-alive call', () => {
  it('gives the status at once, also when the body never ends', async () => {
    backend.answer = () => (response) => {
      response.writeHead(403);
      response.write('x');
    };
    expect(await check(session(hookOf()), 2000)).toMatchObject({ kind: 'status', status: 403 });
  });

  it('fails by timeout, refusal and reset, and is not retried', async () => {
    backend.answer = () => () => undefined;
    expect(await check(session(hookOf()), 100)).toMatchObject({ kind: 'failure', failure: 'timeout' });
    backend.answer = () => (_response, socket) => socket.destroy();
    expect(await check(session(hookOf()))).toMatchObject({ kind: 'failure', failure: 'reset' });
    expect(backend.calls).toHaveLength(2);
    const closed = hookOf({ url: `http://127.0.0.1:${await freePort()}/x` });
    expect(await check(session(closed))).toMatchObject({ kind: 'failure', failure: 'refused' });
    expect(counted).toEqual([
      'StreamKeepAliveEvent timeout',
      'StreamKeepAliveEvent reset',
      'StreamKeepAliveEvent refused',
    ]);
  });

  it('is repeated once on a pooled connection that the backend has closed', async () => {
    // Answers the first request of each connection and closes at the second, as a backend that restarts does.
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
    const calls = session(hookOf({ url: `http://127.0.0.1:${port}/x`, maxConnections: 1 }));
    expect(await check(calls)).toMatchObject({ status: 200 });
    expect(await check(calls)).toMatchObject({ status: 200 });
    expect(requests).toBe(3);
    server.close();
  });

  it('does not wait for events or admission that hang', async () => {
    backend.answer = ({ method }) => (method === 'StreamKeepAliveEvent' ? 200 : () => undefined);
    const hook = hookOf({ timeoutMs: 2_000 });
    const hanging = Array.from({ length: 40 }, () => {
      const calls = session(hook);
      calls.event('StreamStatusEvent', {});
      return admit(calls);
    });
    const startedAt = performance.now();
    expect(await check(session(hook))).toMatchObject({ status: 200 });
    expect(performance.now() - startedAt).toBeLessThan(1_500);
    await Promise.all(hanging);
  }, 30_000);
});

describe('events', () => {
  it('are delivered in order, one after the other', async () => {
    const calls = session(hookOf());
    for (let index = 0; index < 5; index++) calls.event('StreamStatusEvent', { index });
    await queues.flush(systemClock, 2000);
    expect(backend.calls.map(({ body }) => body['index'])).toEqual([0, 1, 2, 3, 4]);
  });

  it('are dropped and counted beyond a depth of 64', async () => {
    backend.answer = () => () => undefined;
    const calls = session(hookOf({ timeoutMs: 5000 }));
    for (let index = 0; index < 70; index++) calls.event('StreamStatusEvent', { index });
    await until('one is being delivered', () => backend.calls.length === 1);
    expect(counted.filter((entry) => entry === 'dropped')).toHaveLength(5);
  });

  it('are waited for by a flush, which gives up after its time', async () => {
    backend.answer = () => () => undefined;
    session(hookOf({ timeoutMs: 5000 })).event('StreamStatusEvent', {});
    const startedAt = performance.now();
    await queues.flush(systemClock, 200);
    expect(performance.now() - startedAt).toBeLessThan(4_000);
  });
});

describe('https', () => {
  it('accepts the own CA, nothing without it, and everything with insecureSkipVerify', async () => {
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
      expect(await check(session(hookOf({ url })))).toMatchObject({ kind: 'failure', failure: 'tls' });
      const own = hookOf({ url, tls: { ca: 'ca.crt', insecureSkipVerify: false } }, ca);
      expect(await check(session(own))).toMatchObject({ kind: 'status', status: 200 });
      const any = hookOf({ url, tls: { insecureSkipVerify: true } });
      expect(await check(session(any))).toMatchObject({ kind: 'status', status: 200 });
    } finally {
      server.close();
      server.closeAllConnections();
    }
  });

  it('names a CA bundle that is missing', () => {
    const tls = { ca: 'nosuch', insecureSkipVerify: false };
    expect(() => hookOf({ tls })).toThrow('RestHook "backend": CA bundle nosuch is missing');
  });
});

describe('authentication', () => {
  const assets = new Map(
    Object.entries({ u: 'user', p: 'pass\n', t: 't0ken', k: 'key', s: 'whsec_c2VjcmV0c2VjcmV0c2VjcmV0' }).map(
      ([name, value]): [string, Buffer] => [name, Buffer.from(value)],
    ),
  );

  it('sends Basic, Bearer and the HMAC of WCS', async () => {
    await admit(session(hookOf({ auth: { type: 'basic', username: 'u', password: 'p' } }, assets)));
    await admit(session(hookOf({ auth: { type: 'bearer', token: 't' } }, assets)));
    await admit(session(hookOf({ auth: { type: 'wcsHmacMd5', key: 'k' } }, assets)));
    const hmac = createHmac('md5', 'key').update('{"name":"a","sdp":"v=0"}').digest('hex');
    expect(backend.calls.map(({ headers }) => headers.authorization)).toEqual([
      `Basic ${Buffer.from('user:pass').toString('base64')}`,
      'Bearer t0ken',
      `WCS ${hmac}`,
    ]);
  });

  it('signs by the Standard Webhooks scheme, so that its verifier accepts it', async () => {
    await admit(session(hookOf({ auth: { type: 'standardWebhooks', secrets: ['s'] } }, assets)));
    const [call] = backend.calls;
    const headers = Object.fromEntries(
      Object.entries(call?.headers ?? {}).map(([name, value]) => [name, String(value)]),
    );
    expect(new Webhook('whsec_c2VjcmV0c2VjcmV0c2VjcmV0').verify(JSON.stringify(call?.body), headers)).toEqual(
      call?.body,
    );
  });

  it('names the secret that is missing or malformed', () => {
    expect(() => hookOf({ auth: { type: 'bearer', token: 'nosuch' } })).toThrow(
      'RestHook "backend": secret nosuch is missing',
    );
    expect(() => hookOf({ auth: { type: 'bearer', token: 'e' } }, new Map([['e', Buffer.from('\n')]]))).toThrow(
      'secret e is empty',
    );
  });
});
