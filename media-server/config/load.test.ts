import { unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { APP, ConfigFolder, SERVER } from '../../test/harness/config-folder.ts';
import { BetweenStates, loadConfig } from './load.ts';

const SECRET = `apiVersion: v1
kind: Secret
metadata: {name: s}
`;
const CAPTURE = `apiVersion: sluice.dev/v1alpha1
kind: StreamCapture
metadata: {name: gate}
spec: {appRef: {name: default}, name: gate, rtsp: {url: 'rtsp://10.20.0.7/main'}}
`;

let folder: ConfigFolder;

beforeEach(async () => {
  folder = await ConfigFolder.make();
});

afterEach(() => folder.remove());

describe('resources of a folder', () => {
  it('may be in several documents and files, beside other objects', async () => {
    await folder.write('server.yaml', SERVER);
    await folder.write('app.yml', `${APP}---\n---\napiVersion: v1\nkind: Service\nmetadata: {name: x}\n`);
    await folder.write('notes.txt', 'not: [read');
    const { bundle, findings } = await folder.load();
    expect(bundle.config).toMatchObject({ name: 'live', apps: [{ appKey: 'defaultApp' }] });
    expect(findings).toEqual([]);
  });

  it('may be captures, which change nothing in the config', async () => {
    await folder.write('all.yaml', `${SERVER}---\n${APP}`);
    const before = await folder.load();
    await folder.write('capture.yaml', CAPTURE);
    const { bundle, findings } = await folder.load();
    expect(bundle).toEqual(before.bundle);
    expect(findings).toMatchObject([{ kind: 'StreamCapture', reason: 'CaptureDisabled' }]);
  });

  it('may be JSON', async () => {
    await folder.write(
      'server.json',
      JSON.stringify({ apiVersion: 'sluice.dev/v1alpha1', kind: 'MediaServer', metadata: { name: 'live' }, spec: {} }),
    );
    expect((await folder.load()).bundle.config.name).toBe('live');
  });

  it.each([
    [
      'a misspelt field',
      `${SERVER}---\n${APP.replace('appKey', 'apKey')}`,
      /all\.yaml document 2 \(line 6\): StreamApp "default": spec\.appKey: is missing; spec\.apKey: unknown field/,
    ],
    [
      'plain text in the data of a Secret',
      `${SERVER}---\napiVersion: v1\nkind: Secret\nmetadata: {name: s}\ndata: {ops: change-me}\n`,
      /all\.yaml document 2 .*data\.ops: must be base64; plain text belongs in stringData/,
    ],
    [
      'a password in the URL of a StreamCapture',
      `${SERVER}---\n${CAPTURE.replace('//', '//admin:sesame@')}`,
      /StreamCapture "gate": spec\.rtsp\.url: must not contain a user name or password; use a Secret instead/,
    ],
    ['broken YAML', 'a: [1,\nb', /all\.yaml line 2: /],
    ['a duplicate key', `${SERVER}spec: {}\n`, /all\.yaml line 5: .*unique/],
    ['a list', '- 1\n', /all\.yaml: must be an object/],
    ['no kind', 'metadata: {name: x}\n', /all\.yaml: apiVersion and kind are required/],
    ['a misspelt kind', SERVER.replace('MediaServer', 'Mediaserver'), /all\.yaml: kind: must be MediaServer/],
    [
      'a StreamTermination, which needs the operator',
      `${SERVER}---\n${SERVER.replace('MediaServer', 'StreamTermination')}`,
      /a StreamTermination needs the operator; POST to \/rest-api\/stream\/terminate/,
    ],
    [
      'another version',
      SERVER.replace('v1alpha1', 'v2'),
      /apiVersion: must be sluice\.dev\/v1alpha1, got sluice\.dev\/v2/,
    ],
    ['no MediaServer', APP, /no MediaServer found/],
    [
      'two MediaServers',
      `${SERVER}---\n${SERVER.replace('live', 'other')}`,
      /several MediaServers found \(live, other\); select one with --name/,
    ],
    [
      'the same MediaServer twice',
      `${SERVER}---\n${SERVER}`,
      /MediaServer "live" already exists in all\.yaml document 1/,
    ],
    [
      'the same app twice',
      `${SERVER}---\n${APP}---\n${APP}`,
      /StreamApp "default" already exists in all\.yaml document 2/,
    ],
    [
      'the same Secret twice',
      `${SERVER}---\n${SECRET}---\n${SECRET}`,
      /document 3 \(line 10\): Secret "s" already exists in all\.yaml document 2/,
    ],
    [
      'a missing Secret',
      SERVER.replace('{keepAlive', '{rest: {authRef: {name: x}}, keepAlive'),
      /spec\.rest\.authRef: Secret "x" does not exist/,
    ],
    [
      'an alias bomb',
      'a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\n' +
        'c: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b]\nd: [*c,*c,*c,*c,*c,*c,*c,*c,*c]\n',
      /all\.yaml: .*alias/,
    ],
    ['deep nesting', `a: ${'['.repeat(100)}${']'.repeat(100)}\n`, /nested deeper than 64 levels/],
    ['a huge file', `# ${'x'.repeat(5 * 1024 * 1024)}\n`, /must be at most 4194304 bytes/],
  ])('are refused for %s, with file and field', async (_what, text, message) => {
    await folder.write('all.yaml', text);
    await expect(folder.load()).rejects.toThrow(message);
  });

  it('are chosen by name', async () => {
    await folder.write('all.yaml', `${SERVER}---\n${SERVER.replace('live', 'other')}---\n${APP}`);
    expect((await folder.load('other')).bundle.config).toMatchObject({ name: 'other', apps: [] });
    await expect(folder.load('third')).rejects.toThrow('MediaServer "third" not found');
  });

  it('name the folder if it cannot be read', async () => {
    await expect(loadConfig({ source: { kind: 'resources', dir: '/nonexistent' }, name: null })).rejects.toThrow(
      '/nonexistent',
    );
  });

  it('leave out an app whose RestHook is missing, and report it', async () => {
    await folder.write('all.yaml', `${SERVER}---\n${APP.replace('spec: {', 'spec: {restHookRef: {name: gone}, ')}`);
    const { bundle, findings } = await folder.load();
    expect(bundle.config.apps).toMatchObject([{ unresolved: 'RestHook "gone" does not exist' }]);
    expect(findings).toHaveLength(1);
  });
});

describe('an app of another MediaServer', () => {
  it('is reported only if that MediaServer is not in the folder', async () => {
    const other = SERVER.replace('live', 'other');
    const ofOther = APP.replace('default}', 'second}').replace('name: live', 'name: other');
    const misspelt = APP.replace('default}', 'third}').replace('name: live', 'name: lvie');
    await folder.write('all.yaml', [SERVER, other, APP, ofOther, misspelt].join('---\n'));
    const { bundle, findings } = await folder.load('live');
    expect(bundle.config.apps.map(({ name }) => name)).toEqual(['default']);
    expect(findings).toEqual([
      { kind: 'StreamApp', name: 'third', reason: 'RefNotFound', message: 'MediaServer "lvie" not found' },
    ]);
  });
});

describe('a ServerConfig file', () => {
  it('is read with its assets beside it', async () => {
    const file = join(folder.path, 'config.yaml');
    const rest = { type: 'tokens', tokens: [{ name: 'ops', token: 'ops.token' }] };
    const base = await folder.config();
    await writeFile(file, stringify({ ...base, rest: { ...base.rest, auth: rest } }));
    await folder.write('ops.token', 't0ken');
    const { bundle } = await loadConfig({ source: { kind: 'config', file }, name: null });
    expect(bundle.assets.get('ops.token')?.toString()).toBe('t0ken');
    await unlink(join(folder.path, 'ops.token'));
    await expect(loadConfig({ source: { kind: 'config', file }, name: null })).rejects.toThrow('ops.token');
  });

  it('in a pod may lack an asset while its volume is being updated', async () => {
    const file = join(folder.path, 'config.yaml');
    const base = await folder.config();
    const auth = { type: 'tokens', tokens: [{ name: 'ops', token: 'ops.token' }] };
    await writeFile(file, stringify({ ...base, rest: { ...base.rest, auth } }));
    await folder.write('version', '7 0123456789abcdef\n');
    await expect(loadConfig({ source: { kind: 'config', file }, name: null })).rejects.toThrow(BetweenStates);
  });

  it('is refused with the name of the invalid field', async () => {
    const file = join(folder.path, 'config.yaml');
    await writeFile(file, stringify({ ...(await folder.config()), workers: 'two' }));
    await expect(loadConfig({ source: { kind: 'config', file }, name: null })).rejects.toThrow('config.workers');
  });

  it('names the option for a manifest', async () => {
    const file = join(folder.path, 'config.yaml');
    await writeFile(file, SERVER);
    await expect(loadConfig({ source: { kind: 'config', file }, name: null })).rejects.toThrow(
      'is a MediaServer manifest; use --resources with its folder',
    );
  });
});
