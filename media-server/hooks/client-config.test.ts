import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { admit, HookStage } from '../../test/builders/hook-stage.ts';
import { readSessionLayer } from './client-config.ts';

let stage: HookStage;

beforeEach(async () => {
  stage = await HookStage.start();
});
afterEach(() => stage.close());

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

describe('a restClientConfig that is not understood', () => {
  const answer = (restClientConfig: unknown): void => {
    stage.backend.answer = ({ method }) => ({
      status: 200,
      body: JSON.stringify(method === 'connect' ? { restClientConfig } : { name: 'b' }),
    });
  };

  it('in part holds with the rest', async () => {
    answer({
      nosuch: {},
      publishStream: { restPolicy: 'OVERWRITE', restOverwrite: 'name, width', restOnError: 'MAYBE', restExlude: 'sdp' },
    });
    const calls = stage.session(stage.hookOf());
    await admit(calls, 'connect');
    expect(await admit(calls)).toEqual({ kind: 'allowed', overwrite: { name: 'b' } });
  });

  it('is logged once and stage.counted for each session', async () => {
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

describe('readSessionLayer', () => {
  it.each([
    ['restPolicy', 'DISABLED', { restPolicy: 'DISABLE' }],
    ['restPolicy', 'Disable', { restPolicy: 'DISABLE' }],
    ['restPolicy', ' notify ', { restPolicy: 'NOTIFY' }],
    ['restOnError', 'log', { restOnError: 'LOG' }],
  ])('takes %s as WCS and its older pages spell it: %j', (field, value, expected) => {
    const reply = { restClientConfig: { StreamKeepAliveEvent: { [field]: value } } };
    expect(readSessionLayer(reply)).toEqual({ layer: { StreamKeepAliveEvent: expected }, findings: [] });
  });

  it('keeps the inherited value and says so where a value has no meaning', () => {
    const reply = { restClientConfig: { StreamKeepAliveEvent: { restPolicy: 'OFF' } } };
    expect(readSessionLayer(reply)).toEqual({
      layer: { StreamKeepAliveEvent: {} },
      findings: [{ method: 'StreamKeepAliveEvent', field: 'restPolicy', reason: expect.stringContaining('NOTIFY') }],
    });
  });
});
