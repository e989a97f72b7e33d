import { beforeEach, describe, expect, it } from 'vitest';
import type { AppConfig, ConfigBundle, HookConfig } from '../../crds/schema/server-config.ts';
import { fakeHook } from '../../test/builders/hook.ts';
import { bundleOf } from '../../test/builders/public-app.ts';
import { fakeApp } from '../../test/builders/streams.ts';
import type { Hook } from '../hooks/hook.ts';
import { AppTable } from './app-table.ts';

type CountedHook = Hook & { readonly closes: { count: number } };

let made: CountedHook[];
let inUse: Set<string>;
let table: AppTable;

beforeEach(() => {
  made = [];
  inUse = new Set();
  table = new AppTable({ hookFor, inUse: (appKey) => inUse.has(appKey) });
});

/** As the factory does it: the previous hook, unless its config has changed. */
function hookFor(config: HookConfig, _assets: ConfigBundle['assets'], previous: Hook | undefined): Hook {
  if (config.url === 'http://broken/') throw new Error('RestHook "backend": secret t is missing');
  if (previous && JSON.stringify(previous.config) === JSON.stringify(config)) return previous;
  const closes = { count: 0 };
  const hook: CountedHook = { ...fakeHook([]), config, closes, close: () => void closes.count++ };
  made.push(hook);
  return hook;
}

const hookConfig = (name: string, url = `http://${name}/`): HookConfig => ({ ...fakeHook([]).config, name, url });
const appConfig = (appKey: string, over: Partial<AppConfig> = {}): AppConfig => ({
  ...fakeApp(appKey).config,
  ...over,
});

function apply(apps: readonly AppConfig[], hooks: readonly HookConfig[] = []): void {
  const bundle = bundleOf();
  table.prepare({ ...bundle, config: { ...bundle.config, apps: [...apps], hooks: [...hooks] } })();
}

const closes = (): number[] => made.map((hook) => hook.closes.count);

describe('the apps of a config', () => {
  it('are found by key, each with its hook', () => {
    apply([appConfig('a', { hook: 'backend' }), appConfig('b')], [hookConfig('backend')]);
    expect(table.get('a')).toMatchObject({ config: { appKey: 'a' }, hook: made[0], unresolved: null });
    expect(table.get('b')).toMatchObject({ hook: null });
    expect(table.get('c')).toBeUndefined();
    expect(table.all().map(({ config }) => config.appKey)).toEqual(['a', 'b']);
    expect(table.hooks()).toEqual(made);
  });

  it('share a hook if both name it', () => {
    apply([appConfig('a', { hook: 'backend' }), appConfig('b', { hook: 'backend' })], [hookConfig('backend')]);
    expect(table.get('a')?.hook).toBe(table.get('b')?.hook);
  });
});

describe('an app changed by a reload', () => {
  it('gives running sessions its new config and hook at once', () => {
    apply([appConfig('a', { hook: 'one' })], [hookConfig('one')]);
    const app = table.get('a');
    apply([appConfig('a', { hook: 'two', codecs: ['VP9'] })], [hookConfig('two')]);
    expect(table.get('a')).toBe(app);
    expect(app).toMatchObject({ hook: made[1], config: { codecs: ['VP9'] } });
    expect(closes()).toEqual([1, 0]);
  });

  it('keeps an unchanged hook and its connections', () => {
    apply([appConfig('a', { hook: 'backend' })], [hookConfig('backend')]);
    apply([appConfig('a', { hook: 'backend', codecs: ['VP9'] })], [hookConfig('backend')]);
    expect(made).toHaveLength(1);
    expect(closes()).toEqual([0]);
  });

  it('keeps its last good state and starts nothing new if a reference does not resolve', () => {
    apply([appConfig('a', { hook: 'backend', codecs: ['VP8'] })], [hookConfig('backend')]);
    apply([appConfig('a', { unresolved: 'RestHook "backend" is missing', codecs: ['VP9'] })]);
    expect(table.get('a')).toMatchObject({
      unresolved: 'RestHook "backend" is missing',
      hook: made[0],
      config: { codecs: ['VP8'] },
    });
    expect(closes()).toEqual([0]);
    apply([appConfig('a', { codecs: ['VP9'] })]);
    expect(table.get('a')).toMatchObject({ unresolved: null, hook: null, config: { codecs: ['VP9'] } });
    expect(closes()).toEqual([1]);
  });

  it('has no hook if its references never resolved', () => {
    apply([appConfig('a', { unresolved: 'RestHook "x" is missing' })]);
    expect(table.get('a')).toMatchObject({ hook: null, unresolved: 'RestHook "x" is missing' });
  });
});

describe('an app that is deleted', () => {
  it('is removed, and its hook is closed', () => {
    apply([appConfig('a', { hook: 'backend' })], [hookConfig('backend')]);
    apply([]);
    expect([table.get('a'), table.all()]).toEqual([undefined, []]);
    expect(closes()).toEqual([1]);
  });

  it('starts nothing new, and keeps its hook while it has sessions', () => {
    apply([appConfig('a', { hook: 'backend' })], [hookConfig('backend')]);
    const app = table.get('a');
    inUse.add('a');
    apply([]);
    expect([table.get('a'), table.all()]).toEqual([undefined, []]);
    expect(app?.hook).toBe(made[0]);
    expect(closes()).toEqual([0]);
    inUse.delete('a');
    apply([]);
    expect(closes()).toEqual([1]);
  });

  it('is the same app for its running streams when it is added again', () => {
    apply([appConfig('a')]);
    const app = table.get('a');
    inUse.add('a');
    apply([]);
    apply([appConfig('a', { codecs: ['VP9'] })]);
    expect(table.get('a')).toBe(app);
    expect(app?.config.codecs).toEqual(['VP9']);
  });
});

describe('a config with a hook that cannot be created', () => {
  it('changes nothing', () => {
    apply([appConfig('a', { hook: 'backend' })], [hookConfig('backend')]);
    const next = [appConfig('a', { hook: 'backend', codecs: ['VP9'] }), appConfig('b')];
    expect(() => apply(next, [hookConfig('backend', 'http://broken/')])).toThrow('secret t is missing');
    expect(table.all()).toMatchObject([{ config: { appKey: 'a', codecs: ['opus', 'VP8'] }, hook: made[0] }]);
    expect(closes()).toEqual([0]);
  });
});

it('closes every hook once, including that of a deleted app with running streams', () => {
  apply([appConfig('a', { hook: 'one' })], [hookConfig('one'), hookConfig('unused')]);
  inUse.add('a');
  apply([appConfig('b', { hook: 'two' })], [hookConfig('two')]);
  table.close();
  expect(made.map(({ closes: { count }, config }) => [config.name, count])).toEqual([
    ['one', 1],
    ['unused', 1],
    ['two', 1],
  ]);
});
