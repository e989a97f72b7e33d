import { describe, expect, it } from 'vitest';
import { configOf } from '../../test/builders/sluice-objects.ts';
import { selfSigned } from '../../test/harness/certificate.ts';
import { MEDIA_SERVER, REST_HOOK, STREAM_APP } from '../schema/kinds.ts';
import { ServerConfig } from '../schema/server-config.ts';
import { schemaFindings, type Validated, validateResource } from '../validate/resource.ts';
import { renderServerConfig } from './server-config.ts';

type Fields = Readonly<Record<string, unknown>>;

const apiVersion = 'sluice.dev/v1alpha1';

function valid<S>(result: Validated<S>) {
  if (!result.ok) throw new Error(JSON.stringify(result.findings));
  return result.resource;
}

const mediaServer = (spec: Fields = {}) =>
  valid(validateResource(MEDIA_SERVER, { apiVersion, kind: 'MediaServer', metadata: { name: 'live' }, spec }));
const app = (name: string, spec: Fields = {}, creationTimestamp?: string) =>
  valid(
    validateResource(STREAM_APP, {
      apiVersion,
      kind: 'StreamApp',
      metadata: { name, ...(creationTimestamp ? { creationTimestamp } : {}) },
      spec: { appKey: name, mediaServerRef: { name: 'live' }, ...spec },
    }),
  );
const hook = (name: string, spec: Fields = {}) =>
  valid(
    validateResource(REST_HOOK, {
      apiVersion,
      kind: 'RestHook',
      metadata: { name },
      spec: { url: 'http://b/MyAPI', ...spec },
    }),
  );
const secret = (data: Readonly<Record<string, string>>, type = 'Opaque') => ({
  type,
  data: new Map(Object.entries(data).map(([key, value]) => [key, Buffer.from(value)])),
});

type Input = Parameters<typeof renderServerConfig>[0];
const render = (input: Partial<Input>) =>
  renderServerConfig({
    mediaServer: mediaServer(),
    apps: [],
    hooks: [],
    secrets: new Map(),
    configMaps: new Map(),
    ...input,
  });

describe('renderServerConfig', () => {
  it('is the same with captures: a camera must not change what media pods run', () => {
    expect(configOf({ capture: { allow: [{ cidr: '10.20.0.0/16' }], rest: true } })).toEqual(configOf());
  });

  it('fills in every default', () => {
    const { bundle, findings } = render({ apps: [app('a')] });
    expect(findings).toEqual([]);
    expect(bundle.config).toEqual({
      name: 'live',
      workers: 1,
      media: {
        port: 44444,
        codecs: ['opus', 'VP8', 'VP9', 'H264', 'AV1'],
        cascade: { after: 25 },
        udpGso: true,
        pipePorts: { port: 45000, endPort: 45999 },
        iceServers: [],
      },
      rest: { httpPort: 8081, emptyFilter: 'Allow', trustedProxies: [], allowedOrigins: ['*'], corsOrigins: [] },
      keepAlive: { enabled: false, appKeys: [] },
      limits: { publications: 0, playbacks: 0 },
      drain: { timeoutMs: 540_000 },
      hooks: [],
      apps: [
        {
          name: 'a',
          appKey: 'a',
          keepAlive: { enabled: true, intervalMs: 10_000 },
          limits: { publications: 0, playbacksPerStream: 0, durationMs: 0, maxBitrate: 0 },
          codecs: ['opus', 'VP8', 'VP9', 'H264', 'AV1'],
        },
      ],
    });
    expect(schemaFindings(ServerConfig, bundle.config, 'config')).toEqual([]);
  });

  it('leaves out only the app whose RestHook is missing', () => {
    const { bundle, findings } = render({
      apps: [app('a', { restHookRef: { name: 'gone' } }), app('b', { restHookRef: { name: 'there' } })],
      hooks: [hook('there')],
    });
    expect(bundle.config.apps).toMatchObject([
      { appKey: 'a', unresolved: 'RestHook "gone" does not exist' },
      { appKey: 'b', hook: 'there' },
    ]);
    expect(findings).toMatchObject([{ kind: 'StreamApp', name: 'a', reason: 'RefNotFound' }]);
  });

  it.each<[string, Fields, string]>([
    [
      'whose CA bundle is not valid',
      { tls: { caBundleRef: { name: 'c' } } },
      'ca.crt of ConfigMap "c": must be certificates',
    ],
    [
      'whose certificate is broken',
      { tls: { caBundleRef: { name: 'broken' } } },
      'ca.crt of ConfigMap "broken": must be certificates in PEM',
    ],
    [
      'whose signing secret is not base64',
      { auth: { type: 'standardWebhooks', secretRef: { name: 's' } } },
      'key "k" of Secret "s": must be base64, with or without the prefix whsec_',
    ],
    [
      'whose token has a line feed inside',
      { auth: { type: 'bearer', secretRef: { name: 't' } } },
      'key "token" of Secret "t": must be visible ASCII characters',
    ],
    [
      'whose key is only a line feed',
      { auth: { type: 'wcsHmacMd5', secretRef: { name: 'e' } } },
      'key "key" of Secret "e" is empty',
    ],
  ])('leaves out only the app with a RestHook %s', (_what, spec, message) => {
    const pem = '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n';
    const { bundle, findings } = render({
      apps: [app('a', { restHookRef: { name: 'bad' } }), app('b', { restHookRef: { name: 'good' } })],
      hooks: [hook('bad', spec), hook('good')],
      secrets: new Map([
        ['s', secret({ k: '%%%' })],
        ['t', secret({ token: 'two\nlines' })],
        ['e', secret({ key: '\n' })],
      ]),
      configMaps: new Map([
        ['c', new Map([['ca.crt', Buffer.from('garbage')]])],
        ['broken', new Map([['ca.crt', Buffer.from(selfSigned('backend').cert + pem)]])],
      ]),
    });
    expect(bundle.config.hooks.map(({ name }) => name)).toEqual(['good']);
    expect(bundle.config.apps.map(({ hook: used }) => used)).toEqual([undefined, 'good']);
    expect(findings).toMatchObject([{ name: 'a', message: expect.stringContaining(`RestHook "bad": ${message}`) }]);
  });

  it('accepts a credential that ends with a line feed', () => {
    const { findings } = render({
      apps: [app('a', { restHookRef: { name: 'h' } })],
      hooks: [hook('h', { auth: { type: 'bearer', secretRef: { name: 't' } } })],
      secrets: new Map([['t', secret({ token: 't0ken\n' })]]),
    });
    expect(findings).toEqual([]);
  });

  it('leaves out only the app that has no codec in common with the MediaServer', () => {
    const { bundle, findings } = render({
      mediaServer: mediaServer({ media: { codecs: ['opus', 'VP8'] } }),
      apps: [app('a', { codecs: ['H264', 'AV1'] }), app('b', { codecs: ['H264', 'VP8'] })],
    });
    expect(bundle.config.apps).toMatchObject([
      { appKey: 'a', unresolved: 'MediaServer "live" has none of its codecs (H264, AV1)' },
      { appKey: 'b', codecs: ['VP8'] },
    ]);
    expect(findings).toMatchObject([{ kind: 'StreamApp', name: 'a' }]);
    expect(schemaFindings(ServerConfig, bundle.config, 'config')).toEqual([]);
  });

  it('prefers the older of two apps with the same key, then the first name', () => {
    const apps = [
      app('young', { appKey: 'k' }, '2026-02-01T00:00:00Z'),
      app('old', { appKey: 'k' }, '2026-01-01T00:00:00Z'),
      app('z', { appKey: 'f' }),
      app('y', { appKey: 'f' }),
    ];
    const { bundle, findings } = render({ apps });
    expect(bundle.config.apps.map(({ name }) => name)).toEqual(['old', 'y']);
    expect(findings.map(({ name, reason }) => [name, reason])).toEqual([
      ['z', 'Conflict'],
      ['young', 'Conflict'],
    ]);
  });

  it('overrides the interval of the server, and leaves out apps of other MediaServers', () => {
    const { bundle } = render({
      mediaServer: mediaServer({ keepAlive: { enabled: true, interval: '30s' } }),
      apps: [app('a', { keepAlive: { interval: '5s' } }), app('b'), app('c', { mediaServerRef: { name: 'other' } })],
    });
    expect(bundle.config.apps.map(({ appKey, keepAlive }) => [appKey, keepAlive.intervalMs])).toEqual([
      ['a', 5_000],
      ['b', 30_000],
    ]);
  });

  it('renders credentials as assets', () => {
    const { bundle } = render({
      mediaServer: mediaServer({ rest: { authRef: { name: 'api' }, https: { certificateRef: { name: 'tls' } } } }),
      apps: [app('a', { restHookRef: { name: 'h' } })],
      hooks: [
        hook('h', { auth: { type: 'bearer', secretRef: { name: 'hook' } }, tls: { caBundleRef: { name: 'ca' } } }),
      ],
      secrets: new Map([
        ['api', secret({ ops: 't1', ci: 't2' })],
        ['tls', secret({ 'tls.crt': 'CERT', 'tls.key': 'KEY' })],
        ['hook', secret({ token: 't3' })],
      ]),
      configMaps: new Map([['ca', new Map([['ca.crt', Buffer.from(selfSigned('backend').cert)]])]]),
    });
    expect(bundle.config.rest).toMatchObject({
      https: { port: 8444, certificate: 'secret.tls_tls.crt', key: 'secret.tls_tls.key' },
      auth: {
        type: 'tokens',
        tokens: [
          { name: 'ci', token: 'secret.api_ci' },
          { name: 'ops', token: 'secret.api_ops' },
        ],
      },
    });
    expect(bundle.config.hooks[0]).toMatchObject({
      auth: { type: 'bearer', token: 'secret.hook_token' },
      tls: { ca: 'configmap.ca.ca.crt', insecureSkipVerify: false },
    });
    expect(bundle.assets.get('secret.api_ops')?.toString()).toBe('t1');
    expect(JSON.stringify(bundle.config)).not.toContain('t3');
  });

  describe('the Web SDK', () => {
    const tls = secret({ 'tls.crt': 'CERT', 'tls.key': 'KEY' });
    const secrets = new Map([
      ['tls', tls],
      ['own', tls],
    ]);
    const rendered = (spec: Fields) => render({ mediaServer: mediaServer(spec), secrets }).bundle;

    it('is off unless it is set, whatever the limits are', () => {
      expect(rendered({ limits: { connections: 1, streamsPerConnection: 1 } }).config).toEqual(rendered({}).config);
      expect(rendered({}).config).not.toHaveProperty('webSdk');
    });

    it('has defaults', () => {
      const { config } = rendered({ webSdk: {} });
      expect(config.webSdk).toEqual({
        httpPort: 8080,
        pingIntervalMs: 5000,
        missedPings: 10,
        limits: { connections: 5000, streamsPerConnection: 32 },
      });
      expect(schemaFindings(ServerConfig, config, 'config')).toEqual([]);
    });

    it('takes ports, pings and limits from the spec, and its certificate as assets', () => {
      const { assets, config } = rendered({
        webSdk: {
          http: { port: 80 },
          https: { port: 443, certificateRef: { name: 'own' } },
          pingInterval: '1m',
          missedPings: 2,
        },
        limits: { connections: 0, streamsPerConnection: 4 },
      });
      expect(config.webSdk).toEqual({
        httpPort: 80,
        https: { port: 443, certificate: 'secret.own_tls.crt', key: 'secret.own_tls.key' },
        pingIntervalMs: 60_000,
        missedPings: 2,
        limits: { connections: 0, streamsPerConnection: 4 },
      });
      expect([...assets.keys()]).toEqual(['secret.own_tls.crt', 'secret.own_tls.key']);
      expect(schemaFindings(ServerConfig, config, 'config')).toEqual([]);
    });

    it('uses the certificate of the REST API unless it has its own', () => {
      const rest = { https: { certificateRef: { name: 'tls' } } };
      const certificateOf = (https: Fields) => rendered({ rest, webSdk: { https } }).config.webSdk?.https?.certificate;
      expect(certificateOf({})).toBe('secret.tls_tls.crt');
      expect(certificateOf({ certificateRef: { name: 'own' } })).toBe('secret.own_tls.crt');
    });

    it('refuses the whole MediaServer for a certificate that does not exist', () => {
      const webSdk = { https: { certificateRef: { name: 'gone' } } };
      expect(() => rendered({ webSdk })).toThrow('spec.webSdk.https.certificateRef: Secret "gone" does not exist');
    });
  });

  it('keeps credentials apart if joining Secret and key by a dot gives the same name', () => {
    const { bundle } = render({
      mediaServer: mediaServer({ rest: { authRef: { name: 'a' } } }),
      apps: [app('a', { restHookRef: { name: 'h' } })],
      hooks: [hook('h', { auth: { type: 'bearer', secretRef: { name: 'a.b' } } })],
      secrets: new Map([
        ['a', secret({ 'b.token': 'of-callers' })],
        ['a.b', secret({ token: 'of-backend' })],
      ]),
    });
    expect([...bundle.assets.values()].map(String).sort()).toEqual(['of-backend', 'of-callers']);
  });

  it.each([
    ['a missing Secret', new Map(), 'spec.rest.authRef: Secret "api" does not exist'],
    ['an empty token', new Map([['api', secret({ ops: '' })]]), 'key "ops" of Secret "api" is empty'],
    ['a Secret without keys', new Map([['api', secret({})]]), 'Secret "api" is empty'],
    [
      'a user name and a password without their type',
      new Map([['api', secret({ username: 'ops', password: 'p' })]]),
      'Secret "api" has a username and a password, but not the type kubernetes.io/basic-auth',
    ],
  ])('refuses the whole MediaServer for %s', (_what, secrets, message) => {
    expect(() => render({ mediaServer: mediaServer({ rest: { authRef: { name: 'api' } } }), secrets })).toThrow(
      message,
    );
  });
});
