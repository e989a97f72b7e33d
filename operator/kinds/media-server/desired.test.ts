import { describe, expect, it } from 'vitest';
import { fleetKey, runningPod } from '../../../test/builders/fleet-parts.ts';
import { configOf, observedOf, restHook, streamApp, streamAppObject } from '../../../test/builders/sluice-objects.ts';
import { buildAssetsSecret, captureKeysOf, fleetKeysOf } from '../../builders/assets-secret.ts';
import { buildConfigMap, versionOf } from '../../builders/config-map.ts';
import type { KubeObject } from '../../kube/objects.ts';
import { type Desired, type DesiredOptions, desired } from './desired.ts';
import type { Observed } from './observe.ts';
import type { Fault } from './verdicts.ts';

const NOW = Date.UTC(2026, 0, 1);
const NEW_KEY = fleetKey('new');
const NEW_CAPTURE_KEY = fleetKey('capture-new');
const OPTIONS: DesiredOptions = {
  image: 'registry.example/sluice:1',
  sourcesImage: 'registry.example/sluice-sources:1',
  newKey: (role) => (role === 'fleet' ? NEW_KEY : NEW_CAPTURE_KEY),
  now: NOW,
  running: [],
};
const secret = (data: Readonly<Record<string, string>>) => ({
  type: 'Opaque',
  data: new Map(Object.entries(data).map(([key, value]) => [key, Buffer.from(value)])),
});

function made(observed: Observed, over: Partial<DesiredOptions> = {}): Desired {
  const attempt = desired(observed, { ...OPTIONS, ...over });
  if (attempt.kind === 'fault') throw new Error(attempt.fault.message);
  return attempt.desired;
}

function faultOf(observed: Observed): Fault {
  const attempt = desired(observed, OPTIONS);
  if (attempt.kind === 'desired') throw new Error('there is no fault');
  return attempt.fault;
}

const kinds = (spec: object): string[] =>
  made(observedOf({ ...spec })).children.map(({ kind, metadata }) => `${kind}/${metadata.name}`);

describe('desired', () => {
  it('creates the objects of a MediaServer with only a name, dependencies before the Deployment', () => {
    expect(kinds({})).toEqual([
      'ServiceAccount/live',
      'Service/live',
      'NetworkPolicy/live',
      'PodDisruptionBudget/live',
      'Deployment/live',
    ]);
  });

  it('creates optional objects that are enabled, and leaves out disabled ones', () => {
    const spec = { ingress: {}, podMonitor: true, networkPolicy: false, podDisruptionBudget: false };
    expect(kinds(spec)).toEqual([
      'ServiceAccount/live',
      'Service/live',
      'Deployment/live',
      'Ingress/live',
      'PodMonitor/live',
    ]);
    expect(kinds({ httpRoute: { parentRefs: [{ name: 'gateway' }] } })).toContain('HTTPRoute/live');
  });

  it('pushes to running pods the same config that starting pods read', () => {
    const observed = observedOf(
      { rest: { authRef: { name: 'api' } } },
      { secrets: new Map([['api', secret({ ops: 't1' })]]) },
    );
    const { assets, configMap, keys, rendered } = made(observed);
    const { counter, hash } = versionOf(configMap) ?? {};
    const text = (configMap['data'] as Record<string, string>)['config.json'] ?? '';
    expect(rendered).toEqual({
      hash,
      push: {
        counter,
        config: JSON.parse(text),
        assets: { 'secret.api_ops': Buffer.from('t1').toString('base64') },
      },
      findings: [],
      apps: new Map(),
    });
    expect(assets).toEqual(
      buildAssetsSecret(
        { name: 'live', namespace: 'media', uid: 'uid-live', spec: observed.mediaServer.spec },
        new Map([['secret.api_ops', Buffer.from('t1')]]),
        keys,
      ),
    );
  });

  it('creates capture pods only if it has captures, and leaves the media pods as they are', () => {
    const capture = { allow: [{ cidr: '10.20.0.0/16' }] };
    const before = kinds({});
    expect(kinds({ capture })).toEqual([...before, 'NetworkPolicy/live-capture', 'Deployment/live-capture']);
    expect(kinds({ capture, networkPolicy: false })).not.toContain('NetworkPolicy/live-capture');
    const deploymentOf = (spec: object) =>
      made(observedOf({ ...spec })).children.find(({ kind }) => kind === 'Deployment');
    expect(deploymentOf({ capture })).toEqual(deploymentOf({}));
    expect(made(observedOf({ capture })).rendered).toEqual(made(observedOf()).rendered);
  });

  it('lets capture pods reach media pods on the network of their node by its address', () => {
    const pods = [runningPod('1', { address: '192.0.2.1' }), runningPod('2', { address: '' })];
    const policyOf = (exposure: string): string => {
      const spec = { media: { exposure }, capture: { allow: [{ cidr: '10.20.0.0/16' }] } };
      const { children } = made(observedOf(spec, { pods }));
      return JSON.stringify(children.find(({ metadata }) => metadata.name === 'live-capture'));
    };
    expect(policyOf('HostNetwork')).toContain('"cidr":"192.0.2.1/32"');
    expect(policyOf('PodIP')).not.toContain('192.0.2.1');
  });

  it('has nothing of the Web SDK unless it is on', () => {
    const spec = { ingress: {}, rest: { https: { certificateRef: { name: 'tls' } } } };
    const secrets = new Map([['tls', secret({ 'tls.crt': 'CERT', 'tls.key': 'KEY' })]]);
    const textOf = (webSdk: object): string => JSON.stringify(made(observedOf({ ...spec, ...webSdk }, { secrets })));
    // The config, ports, target ports and paths.
    const traces = ['webSdk', '8080', '8443', '"ws"', '"wss"', '/websdk'];
    expect(traces.filter((trace) => textOf({}).includes(trace))).toEqual([]);
    expect(traces.filter((trace) => textOf({ webSdk: { https: {} } }).includes(trace))).toEqual(traces);
  });

  it('renders the number of workers that the resources allow', () => {
    const { configMap, children } = made(observedOf({ workers: 0, resources: { limits: { cpu: '2' } } }));
    expect(JSON.stringify(configMap['data'])).toContain('\\"workers\\":2');
    expect(JSON.stringify(children)).toContain('media-udp-1');
  });

  it('keeps other apps when one is left out, and records the generation of each app', () => {
    const missing = { restHookRef: { name: 'gone' } };
    const observed = observedOf(
      {},
      {
        appObjects: [streamAppObject('news', missing, { generation: 3 }), streamAppObject('sport')],
        apps: [streamApp('news', missing), streamApp('sport', { restHookRef: { name: 'backend' } })],
        hooks: [restHook('backend')],
      },
    );
    const { rendered } = made(observed);
    expect(rendered.findings).toEqual([
      { kind: 'StreamApp', name: 'news', reason: 'RefNotFound', message: 'RestHook "gone" does not exist' },
    ]);
    expect(rendered.push.config.apps.map(({ name, unresolved }) => [name, unresolved])).toEqual([
      ['news', 'RestHook "gone" does not exist'],
      ['sport', undefined],
    ]);
    expect(rendered.apps).toEqual(
      new Map([
        ['news', 3],
        ['sport', 1],
      ]),
    );
  });

  it('reports an app whose RestHook exists but is not valid', () => {
    const hooked = { restHookRef: { name: 'backend' } };
    const { rendered } = made(
      observedOf(
        {},
        {
          appObjects: [streamAppObject('news', hooked)],
          apps: [streamApp('news', hooked)],
          invalidHooks: new Map([['backend', 'spec.url: must be a URL']]),
        },
      ),
    );
    const message = 'RestHook "backend" is not valid: spec.url: must be a URL';
    expect(rendered.findings).toEqual([{ kind: 'StreamApp', name: 'news', reason: 'InvalidReference', message }]);
    expect(rendered.push.config.apps).toMatchObject([{ unresolved: message }]);
  });

  it('is refused if the workers need ports beyond the last one', () => {
    const spec = { workers: 0, media: { port: 65_534 }, resources: { limits: { cpu: '3' } } };
    expect(desired(observedOf(spec), OPTIONS)).toEqual({
      kind: 'fault',
      fault: {
        reason: 'InvalidSpec',
        message:
          'spec.media.port: must leave each worker its own port: media.port + workers - 1 must be at most 65535, ' +
          'with 3 workers',
      },
    });
  });

  it('keeps the addresses of nodes that can no longer be read', () => {
    const spec = { media: { announcedAddress: 'NodeExternalIP' } };
    const fault = { reason: 'NodesForbidden', message: '' };
    const { configMap } = made(observedOf(spec, { nodes: { byNode: { 'node-1': '203.0.113.7' }, fault: null } }));
    const later = (known: KubeObject | null) =>
      made(observedOf(spec, { configMap: known, nodes: { byNode: null, fault } })).configMap['data'];
    expect(later(configMap)).toMatchObject({ 'announced.json': '{"node-1":"203.0.113.7"}' });
    expect(later(null)).toMatchObject({ 'announced.json': '{}' });
  });

  it('writes the addresses of nodes beside the config, so that a new one does not change its hash', () => {
    const nodes = (byNode: Readonly<Record<string, string>>) => ({ nodes: { byNode, fault: null } });
    const spec = { media: { announcedAddress: 'NodeExternalIP' } };
    const [one, two] = [made(observedOf(spec, nodes({}))), made(observedOf(spec, nodes({ 'node-1': '203.0.113.7' })))];
    expect(two.configMap['data']).toMatchObject({ 'announced.json': '{"node-1":"203.0.113.7"}' });
    expect(two.rendered.hash).toBe(one.rendered.hash);
  });

  describe('counts configs', () => {
    const live = (counter: number, hash: string): KubeObject =>
      buildConfigMap(
        { name: 'live', namespace: 'media', uid: 'uid-live', spec: observedOf().mediaServer.spec },
        configOf(),
        { counter, hash },
      );
    const hash = made(observedOf()).rendered.hash;

    it.each<[string, KubeObject | null, number]>([
      ['from the clock if there is none, since pods may remember a deleted one', null, NOW],
      ['unchanged if the config is the same', live(7, hash), 7],
      ['from the clock if the config has changed', live(7, 'abc'), NOW],
      ['one higher if the clock is behind', live(NOW + 5, 'abc'), NOW + 6],
      ['one higher if two configs are made in one millisecond', live(NOW, 'abc'), NOW + 1],
      ['from the clock if the last one cannot be read', { ...live(7, hash), data: { version: '?' } }, NOW],
    ])('%s', (_what, configMap, counter) => {
      const { configMap: next, rendered } = made(observedOf({}, { configMap }));
      expect(rendered.push.counter).toBe(counter);
      expect(versionOf(next)).toEqual({ counter, hash });
    });

    // After a restore of etcd, or after another operator: pods keep the config with the higher counter.
    it.each<[string, number, { counter: number; hash: string }[], number]>([
      ['beyond that of a pod that runs another config', 7, [{ counter: 9, hash: 'abc' }], NOW],
      ['beyond that of any pod, even if the clock is behind', 7, [{ counter: NOW + 9, hash: 'abc' }], NOW + 10],
      ['unchanged if a pod runs the same config under a higher one', 7, [{ counter: 9, hash }], 7],
      ['unchanged if a pod has yet to get the config', 7, [{ counter: 6, hash: 'abc' }], 7],
    ])('%s', (_what, written, running, counter) => {
      const { rendered } = made(observedOf({}, { configMap: live(written, hash) }), { running });
      expect(rendered.push.counter).toBe(counter);
    });

    it('anew if a credential changes but not its name', () => {
      const spec = { rest: { authRef: { name: 'api' } } };
      const withToken = (token: string, configMap: KubeObject | null) =>
        made(observedOf(spec, { secrets: new Map([['api', secret({ ops: token })]]), configMap }));
      const first = withToken('t1', null);
      const second = withToken('t2', first.configMap);
      expect(second.rendered.hash).not.toBe(first.rendered.hash);
      expect(second.rendered.push.counter).toBe(NOW + 1);
    });
  });

  describe('has one key for the fleet, and one for the capture role', () => {
    const spec = observedOf().mediaServer.spec;
    const existing = (...identities: readonly string[]) =>
      buildAssetsSecret({ name: 'live', namespace: 'media', uid: 'uid-live', spec }, new Map(), {
        fleet: identities.map(fleetKey),
        capture: identities.map((name) => fleetKey(`capture-${name}`)),
      });

    it.each([
      ['a new one if there is none', null, [NEW_KEY]],
      ['the existing one', existing('a'), [fleetKey('a')]],
      ['two during a rotation', existing('b', 'a'), [fleetKey('b'), fleetKey('a')]],
      ['a new one if the Secret is empty', existing(), [NEW_KEY]],
    ])('%s', (_what, assets, keys) => {
      const wanted = made(observedOf({}, { assets }));
      const ofCaptures = keys.map((key) => (key === NEW_KEY ? NEW_CAPTURE_KEY : fleetKey(`capture-${key.identity}`)));
      expect(wanted.keys).toEqual({ fleet: keys, capture: ofCaptures });
      expect(fleetKeysOf(wanted.assets)).toEqual(keys);
      expect(captureKeysOf(wanted.assets)).toEqual(ofCaptures);
    });
  });
});

describe('the limits of a MediaServer', () => {
  it.each<[string, object, Partial<Observed>, Fault]>([
    [
      'credentials that do not exist',
      { rest: { authRef: { name: 'api' } } },
      {},
      { reason: 'InvalidReference', message: 'spec.rest.authRef: Secret "api" does not exist', isTransient: true },
    ],
    [
      'a certificate without its key',
      { rest: { https: { certificateRef: { name: 'tls' } } } },
      { secrets: new Map([['tls', secret({ 'tls.crt': 'CERT' })]]) },
      {
        reason: 'InvalidReference',
        message: 'spec.rest.https.certificateRef: Secret "tls" has no key "tls.key"',
        isTransient: true,
      },
    ],
    [
      'a missing certificate of the Web SDK',
      { webSdk: { https: { certificateRef: { name: 'tls' } } } },
      {},
      {
        reason: 'InvalidReference',
        message: 'spec.webSdk.https.certificateRef: Secret "tls" does not exist',
        isTransient: true,
      },
    ],
  ])('report %s', (_what, spec, over, fault) => expect(faultOf(observedOf({ ...spec }, over))).toEqual(fault));

  const app = streamApp('app');
  const apps = (count: number) => {
    const names = Array.from({ length: count }, (_, index) => `app-${String(index).padStart(5, '0')}`);
    return names.map((name) => ({ metadata: { name }, spec: { ...app.spec, appKey: name } }));
  };
  const bytesOf = (count: number): number =>
    Buffer.byteLength(JSON.stringify(made(observedOf({}, { apps: apps(count) })).rendered.push.config));
  const [empty, perApp] = [bytesOf(0), bytesOf(2) - bytesOf(1)];
  /** The largest number of apps whose config fits in 900 KiB. */
  const most = Math.floor((900 * 1024 - 50 - empty) / perApp);

  it('refuse a config of more than 900 KiB', () => {
    expect(bytesOf(most)).toBeGreaterThan(899 * 1024);
    const { message, reason } = faultOf(observedOf({}, { apps: apps(most + 1) }));
    expect(reason).toBe('ConfigTooLarge');
    expect(message).toMatch(/^the rendered config has 92\d{4} bytes, must be at most 921600$/);
  });

  it('refuse credentials and CA bundles of more than 900 KiB', () => {
    const certificates = (bytes: number) => ({
      secrets: new Map([['tls', secret({ 'tls.crt': 'x'.repeat(bytes), 'tls.key': 'KEY' })]]),
    });
    const spec = { rest: { https: { certificateRef: { name: 'tls' } } } };
    expect(made(observedOf(spec, certificates(900 * 1024 - 200))).rendered.findings).toEqual([]);
    const { message, reason } = faultOf(observedOf(spec, certificates(900 * 1024)));
    expect(reason).toBe('ConfigTooLarge');
    expect(message).toMatch(/^the credentials and CA bundles have 92\d{4} bytes, must be at most 921600$/);
  });

  it('allow every object name for the longest MediaServer name', () => {
    const observed = observedOf();
    const metadata = { ...observed.object.metadata, name: 'n'.repeat(58) };
    const names = made({ ...observed, object: { ...observed.object, metadata } }).children.map(
      ({ metadata: { name } }) => name,
    );
    expect(names.every((name) => name.length <= 63)).toBe(true);
  });
});
