import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { restartFields } from '../../crds/render/restart-fields.ts';
import { MediaServerSpec } from '../../crds/schema/media-server.ts';
import type { ServerConfig } from '../../crds/schema/server-config.ts';
import { ConfigFolder } from '../../test/harness/config-folder.ts';
import { changedAssets, diffConfigs, keepRestartFields, specField } from './diff.ts';

type Node = { readonly properties?: Readonly<Record<string, Node>> };

/** Whether the schema of a MediaServer has the field, such as `spec.rest.http.port`. */
function isMediaServerField(field: string): boolean {
  const root: Node = { properties: { spec: MediaServerSpec as Node } };
  return field.split('.').reduce<Node | undefined>((node, name) => node?.properties?.[name], root) !== undefined;
}

let folder: ConfigFolder;

beforeEach(async () => {
  folder = await ConfigFolder.make();
});

afterEach(() => folder.remove());

describe('diffConfigs', () => {
  it('names what changed and when it takes effect', async () => {
    const before = await folder.config();
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

  it('has a reload mark for every field of the config', async () => {
    const before = await folder.config();
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

  it('names every field that needs a restart as the MediaServer does', async () => {
    const paths = Object.keys(restartFields(await folder.config()));
    expect(paths).toContain('rest.httpPort');
    expect(paths.map(specField).filter((field) => !isMediaServerField(field))).toEqual([]);
  });

  it('keeps the old value of a field that needs a restart', async () => {
    const before = await folder.config();
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

describe('https in a reload', () => {
  const https = { port: 8444, certificate: 'tls.crt', key: 'tls.key' };
  const withHttps = (base: ServerConfig, over: object): ServerConfig => ({
    ...base,
    rest: { ...base.rest, https: { ...https, ...over } },
  });

  it('keeps its port and takes a new certificate', async () => {
    const before = withHttps(await folder.config(), {});
    const after = withHttps(before, { port: 1, certificate: 'new.crt' });
    expect(keepRestartFields(before, after)).toEqual(withHttps(before, { certificate: 'new.crt' }));
  });

  it('has the same hash when nothing has changed', async () => {
    const before = await folder.config();
    const { httpPort, ...rest } = before.rest;
    const rendered: ServerConfig = { ...before, rest: { httpPort, https, ...rest } };
    expect(JSON.stringify(keepRestartFields(rendered, rendered))).toBe(JSON.stringify(rendered));
  });

  it('is not switched on or off: the listener neither opens nor closes', async () => {
    const without = await folder.config();
    const on = withHttps(without, {});
    expect(keepRestartFields(without, on)).toEqual(without);
    expect(keepRestartFields(on, without)).toEqual(on);
  });
});

describe('the Web SDK in a reload', () => {
  const webSdk = {
    httpPort: 8080,
    https: { port: 8443, certificate: 'tls.crt', key: 'tls.key' },
    pingIntervalMs: 5000,
    missedPings: 10,
    limits: { connections: 5000, streamsPerConnection: 32 },
  };

  it('keeps its ports and takes pings, limits and a new certificate', async () => {
    const before: ServerConfig = { ...(await folder.config()), webSdk };
    const limits = { connections: 1, streamsPerConnection: 2 };
    const live = { pingIntervalMs: 1000, missedPings: 3, limits };
    const https = { ...webSdk.https, certificate: 'new.crt' };
    const after: ServerConfig = { ...before, webSdk: { httpPort: 1, https: { ...https, port: 2 }, ...live } };
    expect(keepRestartFields(before, after)).toEqual({ ...before, webSdk: { httpPort: 8080, https, ...live } });
    expect(diffConfigs(before, after)).toEqual([
      { path: 'webSdk.httpPort', mark: 'restart' },
      { path: 'webSdk.https.port', mark: 'restart' },
      { path: 'webSdk.https.certificate', mark: 'live' },
      { path: 'webSdk.pingIntervalMs', mark: 'live' },
      { path: 'webSdk.missedPings', mark: 'live' },
      { path: 'webSdk.limits.connections', mark: 'newSessions' },
      { path: 'webSdk.limits.streamsPerConnection', mark: 'newSessions' },
    ]);
  });

  it('is not switched on or off', async () => {
    const without = await folder.config();
    const on: ServerConfig = { ...without, webSdk };
    expect(keepRestartFields(without, on)).toEqual(without);
    expect(keepRestartFields(on, without)).toEqual(on);
  });
});

describe('changedAssets', () => {
  it('names assets that were added, removed or changed', () => {
    const assets = (contents: Readonly<Record<string, string>>) =>
      new Map(Object.entries(contents).map(([name, text]): [string, Buffer] => [name, Buffer.from(text)]));
    const before = assets({ same: 'a', other: 'b', gone: 'c', empty: '' });
    expect(changedAssets(before, assets({ same: 'a', other: 'B', came: '', empty: '' }))).toEqual([
      'came',
      'gone',
      'other',
    ]);
  });
});
