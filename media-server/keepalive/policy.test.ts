import { describe, expect, it } from 'vitest';
import type { ServerConfig } from '../../crds/schema/server-config.ts';
import { fakeHook } from '../../test/builders/hook.ts';
import type { App } from '../apps/app.ts';
import type { Hook } from '../hooks/hook.ts';
import { type ConfigLayer, mergeConfig } from '../hooks/method-config.ts';
import { decidePolicy } from './policy.ts';

const server: ServerConfig['keepAlive'] = { enabled: true, appKeys: [] };

const listed = fakeHook([{ name: 'StreamKeepAliveEvent' }]);

function app(of: Hook | null, keepAlive: Partial<App['config']['keepAlive']> = {}): Pick<App, 'config' | 'hook'> {
  return {
    config: {
      name: 'default',
      appKey: 'defaultApp',
      keepAlive: { enabled: true, intervalMs: 10_000, ...keepAlive },
      limits: { publications: 0, playbacksPerStream: 0, durationMs: 0, maxBitrate: 0 },
      codecs: ['opus'],
    },
    hook: of,
  };
}

/** The layers of a session: the RestHook, then the reply to `connect`. */
const hooksOf = (of: Hook | null, layer: ConfigLayer = {}) => ({
  methodConfig: (method: Parameters<typeof mergeConfig>[0]) => mergeConfig(method, of?.layer ?? {}, layer),
});

describe('decidePolicy', () => {
  it('checks a stream when every condition holds', () => {
    expect(decidePolicy(server, app(listed), hooksOf(listed))).toEqual({
      checked: true,
      policy: {
        intervalMs: 10_000,
        timeoutMs: 5_000,
        failureThreshold: 0,
        restOnError: 'FAIL',
        backend: listed.config,
      },
      warning: null,
    });
  });

  const other = fakeHook([{ name: 'connect' }]);
  const disabled = fakeHook([{ name: 'StreamKeepAliveEvent', restPolicy: 'DISABLE' }]);
  const off = { enabled: false, appKeys: [] };
  const elsewhere = { enabled: true, appKeys: ['otherApp'] };
  it.each([
    ['ServerDisabled', off, app(listed)],
    ['AppKeyNotListed', elsewhere, app(listed)],
    ['AppDisabled', server, app(listed, { enabled: false })],
    ['NoHook', server, app(null)],
    ['MethodNotListed', server, app(other)],
    ['PolicyDisable', server, app(disabled)],
  ] as const)('gives only the reason %s when that condition fails', (reason, config, of) => {
    expect(decidePolicy(config, of, hooksOf(of.hook))).toEqual({ checked: false, reason });
  });

  it('names the first condition that fails', () => {
    const nothing = app(null, { enabled: false });
    expect(decidePolicy({ enabled: false, appKeys: ['otherApp'] }, nothing, hooksOf(null))).toMatchObject({
      reason: 'ServerDisabled',
    });
    expect(decidePolicy(elsewhere, nothing, hooksOf(null))).toMatchObject({ reason: 'AppKeyNotListed' });
    expect(decidePolicy(server, nothing, hooksOf(null))).toMatchObject({ reason: 'AppDisabled' });
  });

  it('checks an app that the list names', () => {
    const config = { enabled: true, appKeys: ['otherApp', 'defaultApp'] };
    expect(decidePolicy(config, app(listed), hooksOf(listed)).checked).toBe(true);
  });

  it('never waits for a call longer than the interval', () => {
    const decision = decidePolicy(server, app(listed, { intervalMs: 2_000 }), hooksOf(listed));
    expect(decision).toMatchObject({ policy: { intervalMs: 2_000, timeoutMs: 2_000 } });
  });

  it('takes the threshold from the method', () => {
    const counted = fakeHook([{ name: 'StreamKeepAliveEvent', failureThreshold: 3 }]);
    expect(decidePolicy(server, app(counted), hooksOf(counted))).toMatchObject({ policy: { failureThreshold: 3 } });
  });

  it('warns when a refusal would only be logged', () => {
    const logged = fakeHook([{ name: 'StreamKeepAliveEvent', restOnError: 'LOG' }]);
    expect(decidePolicy(server, app(logged), hooksOf(logged))).toMatchObject({
      policy: { restOnError: 'LOG' },
      warning: 'RefusalOnlyLogged',
    });
  });

  it('gives the reply to connect precedence for its session', () => {
    const layer = { StreamKeepAliveEvent: { restOnError: 'LOG', restPolicy: 'DISABLE' } } as const;
    expect(decidePolicy(server, app(listed), hooksOf(listed, layer))).toMatchObject({ reason: 'PolicyDisable' });
    const on = { StreamKeepAliveEvent: { restPolicy: 'NOTIFY' } } as const;
    expect(decidePolicy(server, app(disabled), hooksOf(disabled, on)).checked).toBe(true);
  });
});
