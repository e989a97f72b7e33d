import { mkdir, mkdtemp, rename, rm, symlink, unlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import type { ServerConfig } from '../../crds/schema/server-config.ts';
import { until } from '../../test/fixtures/harness/wait.ts';
import { systemClock } from '../clock.ts';
import { createLogger } from '../logger.ts';
import { diffConfigs, keepRestartFields } from './diff.ts';
import { hashOf } from './hash.ts';
import { loadConfig } from './load.ts';
import { Reloader } from './reload.ts';
import { FolderWatch } from './watch.ts';

const SERVER = `apiVersion: sluice.dev/v1alpha1
kind: MediaServer
metadata: {name: live}
spec: {keepAlive: {enabled: true}}
`;
const APP = `apiVersion: sluice.dev/v1alpha1
kind: StreamApp
metadata: {name: default}
spec: {appKey: defaultApp, mediaServerRef: {name: live}}
`;

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sluice-config-'));
});

afterEach(() => rm(folder, { recursive: true, force: true }));

const write = (name: string, text: string) => writeFile(join(folder, name), text);
const load = (name: string | null = null) => loadConfig({ source: { kind: 'resources', dir: folder }, name });

async function config(text = `${SERVER}---\n${APP}`): Promise<ServerConfig> {
  await write('all.yaml', text);
  return (await load()).bundle.config;
}

describe('resources of a folder', () => {
  it('may be in several documents and files, beside other objects', async () => {
    await write('server.yaml', SERVER);
    await write('app.yml', `${APP}---\n---\napiVersion: v1\nkind: Service\nmetadata: {name: x}\n`);
    await write('notes.txt', 'not: [read');
    const { bundle, findings } = await load();
    expect(bundle.config).toMatchObject({ name: 'live', apps: [{ appKey: 'defaultApp' }] });
    expect(findings).toEqual([]);
  });

  it('may be JSON', async () => {
    await write(
      'server.json',
      JSON.stringify({ apiVersion: 'sluice.dev/v1alpha1', kind: 'MediaServer', metadata: { name: 'live' }, spec: {} }),
    );
    expect((await load()).bundle.config.name).toBe('live');
  });

  it.each([
    [
      'a misspelt field',
      `${SERVER}---\n${APP.replace('appKey', 'apKey')}`,
      /all\.yaml document 2 \(line 6\): StreamApp "default": spec\.appKey: is missing; spec\.apKey: unknown field/,
    ],
    ['broken YAML', 'a: [1,\nb', /all\.yaml line 2: /],
    ['a key that stands twice', `${SERVER}spec: {}\n`, /all\.yaml line 5: .*unique/],
    ['a list', '- 1\n', /all\.yaml: expected an object/],
    ['no kind', 'metadata: {name: x}\n', /all\.yaml: apiVersion and kind are needed/],
    ['a misspelt kind', SERVER.replace('MediaServer', 'Mediaserver'), /all\.yaml: kind: expected MediaServer/],
    [
      'a StreamTermination, which nobody would act on',
      `${SERVER}---\n${SERVER.replace('MediaServer', 'StreamTermination')}`,
      /a StreamTermination is for the operator; here, POST to \/rest-api\/stream\/terminate/,
    ],
    [
      'another version',
      SERVER.replace('v1alpha1', 'v2'),
      /apiVersion: expected sluice\.dev\/v1alpha1, got sluice\.dev\/v2/,
    ],
    ['no MediaServer', APP, /there is no MediaServer/],
    [
      'two MediaServers',
      `${SERVER}---\n${SERVER.replace('live', 'other')}`,
      /several MediaServers \(live, other\); choose one with --name/,
    ],
    ['one app twice', `${SERVER}---\n${APP}---\n${APP}`, /StreamApp "default" is already in all\.yaml document 2/],
    [
      'a missing Secret',
      SERVER.replace('{keepAlive', '{rest: {authRef: {name: x}}, keepAlive'),
      /spec\.rest\.authRef: Secret "x" does not exist/,
    ],
    [
      'an alias bomb',
      `a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b]\nd: [*c,*c,*c,*c,*c,*c,*c,*c,*c]\n`,
      /all\.yaml: .*alias/,
    ],
    ['deep nesting', `a: ${'['.repeat(100)}${']'.repeat(100)}\n`, /nested deeper than 64 levels/],
    ['a huge file', `# ${'x'.repeat(5 * 1024 * 1024)}\n`, /larger than 4194304 bytes/],
  ])('are refused for %s, with file and field', async (_what, text, message) => {
    await write('all.yaml', text);
    await expect(load()).rejects.toThrow(message);
  });

  it('are chosen by name', async () => {
    await write('all.yaml', `${SERVER}---\n${SERVER.replace('live', 'other')}---\n${APP}`);
    expect((await load('other')).bundle.config).toMatchObject({ name: 'other', apps: [] });
    await expect(load('third')).rejects.toThrow('expected one MediaServer "third", found 0');
  });

  it('say which folder cannot be read', async () => {
    await expect(loadConfig({ source: { kind: 'resources', dir: '/nonexistent' }, name: null })).rejects.toThrow(
      '/nonexistent',
    );
  });

  it('leave an app out whose RestHook is missing, and say so', async () => {
    await write('all.yaml', `${SERVER}---\n${APP.replace('spec: {', 'spec: {restHookRef: {name: gone}, ')}`);
    const { bundle, findings } = await load();
    expect(bundle.config.apps).toMatchObject([{ unresolved: 'RestHook "gone" does not exist' }]);
    expect(findings).toHaveLength(1);
  });
});

describe('a ServerConfig file', () => {
  it('is read with its assets beside it', async () => {
    const file = join(folder, 'config.yaml');
    const rest = { type: 'tokens', tokens: [{ name: 'ops', token: 'ops.token' }] };
    const base = await config();
    await writeFile(file, stringify({ ...base, rest: { ...base.rest, auth: rest } }));
    await write('ops.token', 't0ken');
    const { bundle } = await loadConfig({ source: { kind: 'config', file }, name: null });
    expect(bundle.assets.get('ops.token')?.toString()).toBe('t0ken');
    await unlink(join(folder, 'ops.token'));
    await expect(loadConfig({ source: { kind: 'config', file }, name: null })).rejects.toThrow('ops.token');
  });

  it('is refused with the field that is wrong', async () => {
    const file = join(folder, 'config.yaml');
    await writeFile(file, stringify({ ...(await config()), workers: 'two' }));
    await expect(loadConfig({ source: { kind: 'config', file }, name: null })).rejects.toThrow('config.workers');
  });
});

describe('diffConfigs', () => {
  it('names what changed and when it takes effect', async () => {
    const before = await config();
    const after: ServerConfig = {
      ...before,
      workers: 2,
      keepAlive: { enabled: false, appKeys: [] },
      limits: { publications: 5, playbacks: 0 },
      apps: [],
    };
    expect(diffConfigs(before, after)).toEqual([
      { path: 'workers', mark: 'restart' },
      { path: 'keepAlive.enabled', mark: 'live' },
      { path: 'limits.publications', mark: 'newSessions' },
      { path: 'apps', mark: 'live' },
    ]);
    expect(diffConfigs(before, before)).toEqual([]);
  });

  it('every field of the config has a mark', async () => {
    const before = await config();
    const touched = JSON.parse(JSON.stringify(before), (_key, value) =>
      typeof value === 'number' ? value + 1 : value,
    );
    const paths = diffConfigs(before, touched).map(({ path }) => path);
    expect(paths).toEqual(
      expect.arrayContaining([
        'workers',
        'media.port',
        'rest.httpPort',
        'limits.publications',
        'drain.timeoutMs',
        'apps',
      ]),
    );
  });

  it('keeps what needs a restart', async () => {
    const before = await config();
    const after: ServerConfig = {
      ...before,
      workers: 4,
      media: { ...before.media, port: 1, iceServers: [{ urls: ['stun:x'] }] },
      apps: [],
    };
    expect(keepRestartFields(before, after)).toEqual({
      ...before,
      media: { ...before.media, iceServers: [{ urls: ['stun:x'] }] },
      apps: [],
    });
  });
});

describe('Reloader', () => {
  it('applies what is valid, keeps the old config otherwise, and never runs twice at a time', async () => {
    await config();
    let current = (await load()).bundle;
    const applied: string[] = [];
    let refused = 0;
    let unchanged = 0;
    let loads = 0;
    const reloader = new Reloader({
      log: createLogger('silent'),
      load: () => {
        loads += 1;
        return load();
      },
      current: () => current,
      apply: (bundle) => {
        current = bundle;
        applied.push(hashOf(bundle));
      },
      refused: () => {
        refused += 1;
      },
      unchanged: () => {
        unchanged += 1;
      },
    });
    await config(`${SERVER.replace('true', 'false')}---\n${APP}`);
    for (let index = 0; index < 5; index++) reloader.trigger();
    await until('it is applied', () => applied.length === 1);
    expect(current.config.keepAlive.enabled).toBe(false);
    await until('the second load is done', () => loads === 2);
    await write('all.yaml', 'broken: [');
    reloader.trigger();
    await until('it is refused', () => refused === 1);
    expect(applied).toHaveLength(1);
    expect(current.config.keepAlive.enabled).toBe(false);

    // Mended, back to what runs: said so, and not applied again. So is a change that needs a restart.
    const before = unchanged;
    for (const workers of [1, 2]) {
      await config(
        `${SERVER.replace('true', 'false').replace('{keepAlive', `{workers: ${workers}, keepAlive`)}---\n${APP}`,
      );
      reloader.trigger();
      await until('it is found unchanged', () => unchanged === before + workers);
    }
    expect(applied).toHaveLength(1);
    expect(current.config.workers).toBe(1);
  });
});

describe('FolderWatch', () => {
  it.each<[string, () => Promise<unknown>]>([
    ['a write', () => write('a.yaml', 'b')],
    ['a new file', () => write('new.yaml', 'x')],
    [
      'a rename over the file, as editors do',
      async () => {
        await write('.a.swp', 'c');
        await rename(join(folder, '.a.swp'), join(folder, 'a.yaml'));
      },
    ],
    ['a deletion', () => unlink(join(folder, 'a.yaml'))],
    [
      'a swapped link, as a ConfigMap volume does',
      async () => {
        await mkdir(join(folder, '..2'));
        await symlink('..2', join(folder, '..data_tmp'));
        await rename(join(folder, '..data_tmp'), join(folder, '..data'));
      },
    ],
  ])('tells of %s', async (_what, change) => {
    await write('a.yaml', 'a');
    let changes = 0;
    const watch = new FolderWatch(folder, {
      clock: systemClock,
      log: createLogger('silent'),
      onChange: () => {
        changes += 1;
      },
    });
    try {
      await change();
      await until('it is told', () => changes > 0, { timeoutMs: 3000 });
    } finally {
      watch.close();
    }
  });
});
