import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { HookConfig } from '../../crds/schema/server-config.ts';
import { admit, HookStage } from '../../test/builders/hook-stage.ts';
import type { Reply } from '../../test/harness/backend.ts';

let stage: HookStage;

beforeEach(async () => {
  stage = await HookStage.start();
});
afterEach(() => stage.close());

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

  it.each([500, 401, 404])('is not retried after %d', async (status) => {
    stage.backend.answer = () => status;
    await admit(stage.session(stage.hookOf({ retries: 3 })));
    expect(stage.backend.calls).toHaveLength(1);
  });

  it('passes Retry-After on', async () => {
    stage.backend.answer = () => ({ status: 429, headers: { 'retry-after': '7' } });
    expect(await admit(stage.session(stage.hookOf()))).toMatchObject({ kind: 'unavailable', retryAfterSeconds: 7 });
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

  it.each(['connect', 'publishStream'] as const)('of %s is refused by a 403 whose body never comes', async (method) => {
    stage.backend.answer = () => (response) => {
      response.writeHead(403, { 'content-length': '10' }).flushHeaders();
    };
    const methods: HookConfig['methods'] = [
      { name: 'connect' },
      { name: 'publishStream', restPolicy: 'OVERWRITE', restOverwrite: ['name'] },
    ];
    expect(await admit(stage.session(stage.hookOf({ methods })), method)).toMatchObject({ kind: 'refused' });
  });

  it('overwrites nothing when it is an error that is only logged', async () => {
    stage.backend.answer = () => ({ status: 500, body: '{"name":"InternalServerError"}' });
    const methods: HookConfig['methods'] = [
      { name: 'publishStream', restOnError: 'LOG', restPolicy: 'OVERWRITE', restOverwrite: ['name'] },
    ];
    expect(await admit(stage.session(stage.hookOf({ methods })))).toEqual({ kind: 'allowed', overwrite: {} });
  });

  it('ignores a body over 64 KiB', async () => {
    stage.backend.answer = () => ({ status: 200, body: JSON.stringify({ name: 'b', pad: 'x'.repeat(70_000) }) });
    const methods: HookConfig['methods'] = [
      { name: 'publishStream', restPolicy: 'OVERWRITE', restOverwrite: ['name'] },
    ];
    expect(await admit(stage.session(stage.hookOf({ methods })))).toEqual({ kind: 'allowed', overwrite: {} });
  });
});
