import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { HookConfig } from '../../crds/schema/server-config.ts';
import { systemClock } from '../../process/clock.ts';
import { admit, check, HookStage } from '../../test/builders/hook-stage.ts';
import { hookFactory } from './hook.ts';

let stage: HookStage;
beforeEach(async () => {
  stage = await HookStage.start();
});
afterEach(() => stage.close());

describe('a hook', () => {
  it.each<[string, Partial<HookConfig>]>([
    ['CA bundle nosuch is missing', { tls: { ca: 'nosuch', insecureSkipVerify: false } }],
    ['secret nosuch is missing', { auth: { type: 'bearer', token: 'nosuch' } }],
  ])('cannot be created: %s', (reason, over) => {
    expect(() => stage.hookOf(over)).toThrow(`RestHook "backend": ${reason}`);
  });

  it('authenticates its calls and records how they were answered', async () => {
    const assets = new Map([['t', Buffer.from('t0ken')]]);
    const hook = stage.hookOf({ auth: { type: 'bearer', token: 't' } }, assets);
    await admit(stage.session(hook));
    stage.backend.answer = () => 500;
    await check(stage.session(hook));
    expect(stage.backend.calls[0]?.headers.authorization).toBe('Bearer t0ken');
    expect(hook.health()).toMatchObject({ recentCalls: 2, recentFailures: 1 });
  });
});

describe('a hook factory', () => {
  const asset = (value: string) => new Map([['t', Buffer.from(value)]]);
  const auth = { type: 'bearer', token: 't' } as const;

  it.each<[string, boolean, Partial<HookConfig>, Map<string, Buffer>]>([
    ['nothing changed', true, { auth }, asset('one')],
    ['an asset that it does not use changed', true, { auth }, new Map([...asset('one'), ['x', Buffer.from('x')]])],
    ['its credential changed', false, { auth }, asset('two')],
    ['its config changed', false, { auth, timeoutMs: 2_000 }, asset('one')],
    ['its authentication changed', false, { auth: { type: 'none' } }, asset('one')],
  ])('returns the previous hook only when nothing about it changed: %s', (_what, isSame, over, assets) => {
    const hookFor = hookFactory({ clock: systemClock, version: 'test' });
    const previous = hookFor({ ...stage.config, auth }, asset('one'), undefined);
    const next = hookFor({ ...stage.config, ...over }, assets, previous);
    expect(next === previous).toBe(isSame);
    previous.close();
    next.close();
  });
});
