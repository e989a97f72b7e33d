import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { API_VERSION, KINDS, type Kind } from '../../../crds/schema/kinds.ts';
import { validateResource } from '../../../crds/validate/resource.ts';
import { ApiError } from '../../../operator/kube/api-error.ts';
import { type KubeObject, pathOf, TYPES } from '../../../operator/kube/objects.ts';
import { Api } from '../../harness/api.ts';

const NAMESPACE = 'crds';
const TERMINATION_CRD = 'crds/sluice.dev_streamterminations.yaml';
const server = { mediaServerRef: { name: 'live' } };
let api: Api;

beforeAll(async () => {
  api = await Api.open();
  await api.kube.namespace(NAMESPACE);
  // Not in the chart as long as nobody carries it out; its rules must hold all the same.
  await api.kube.kubectl(['apply', '-f', TERMINATION_CRD]);
  await api.kube.kubectl(['wait', '--for=condition=Established', '-f', TERMINATION_CRD]);
});

afterAll(async () => {
  await api.kube.kubectl(['delete', '--ignore-not-found', '-f', TERMINATION_CRD]);
  await api.kube.removeNamespace(NAMESPACE);
  await api.close();
});

const kindOf = (name: string): Kind<never> => KINDS.find(({ kind }) => kind === name) as Kind<never>;
const typeOf = ({ kind, plural }: Kind<never>) => ({ apiVersion: API_VERSION, kind, plural });

/** What the API server says to an object, without keeping it: null = it takes it. */
async function refusal(kind: string, spec: object): Promise<string | null> {
  try {
    await dryRun(kind, spec);
    return null;
  } catch (error) {
    if (error instanceof ApiError && [400, 422].includes(error.status)) return error.message;
    throw error;
  }
}

async function dryRun(kind: string, spec: object): Promise<KubeObject> {
  const query = { dryRun: 'All', fieldValidation: 'Strict' };
  return (await api.create(typeOf(kindOf(kind)), NAMESPACE, { metadata: { name: 'x' }, spec }, query)) as KubeObject;
}

const asFile = (kind: string, spec: object) =>
  validateResource(kindOf(kind), { apiVersion: API_VERSION, kind, metadata: { name: 'x' }, spec });

const hook = (fields: object): object => ({ url: 'http://backend/api', ...fields });
const app = (fields: object): object => ({ appKey: 'a', ...server, ...fields });
const termination = (fields: object): object => ({ ...server, ...fields });

const ACCEPTED: readonly [string, string, object][] = [
  ['MediaServer', 'nothing at all', {}],
  ['MediaServer', 'the shortest interval', { keepAlive: { enabled: true, interval: '1s' } }],
  ['MediaServer', 'an interval of minutes and seconds', { keepAlive: { interval: '1m30s' } }],
  ['MediaServer', 'an ingress', { ingress: { host: 'media.example.com', certificateRef: { name: 'tls' } } }],
  ['MediaServer', 'an HTTPRoute', { httpRoute: { parentRefs: [{ name: 'gateway' }] } }],
  ['MediaServer', 'an IPv6 address', { media: { announcedAddress: 'fd00::1' } }],
  ['MediaServer', 'a host name', { media: { announcedAddress: 'media.example.com' } }],
  ['MediaServer', 'the addresses of nodes', { media: { announcedAddress: 'NodeExternalIP' } }],
  ['MediaServer', 'ICE servers', { media: { iceServers: [{ urls: ['turn:turn.example.com:3478?transport=udp'] }] } }],
  ['MediaServer', 'equal bounds', { autoscaling: { minReplicas: 2, maxReplicas: 2, targetStreams: 100 } }],
  ['MediaServer', 'resources as a container has them', { resources: { limits: { cpu: '2', memory: '1Gi' } } }],
  ['StreamApp', 'what it needs', app({})],
  ['StreamApp', 'its own interval', app({ keepAlive: { interval: '2s' } })],
  ['RestHook', 'a URL', hook({})],
  ['RestHook', 'an https URL with a port and a path', { url: 'https://backend.example.com:8443/v1/hooks' }],
  ['RestHook', 'an address of IPv6', { url: 'http://[2001:db8::1]:8080/api' }],
  ['RestHook', 'a secret for its auth', hook({ auth: { type: 'bearer', secretRef: { name: 's' } } })],
  [
    'RestHook',
    'a threshold for keep-alive',
    hook({ methods: [{ name: 'StreamKeepAliveEvent', failureThreshold: 3 }] }),
  ],
  [
    'RestHook',
    'fields to overwrite at admission',
    hook({ methods: [{ name: 'playStream', restOverwrite: ['name'] }] }),
  ],
  ['StreamTermination', 'a filter', termination({ filter: { name: 'x' } })],
  ['StreamTermination', 'all: true', termination({ all: true })],
];

/** What is wrong, in words that the answer must have: a field, or the message of a rule. */
const REFUSED: readonly [string, string, object, RegExp][] = [
  ['MediaServer', 'an interval below 1s', { keepAlive: { interval: '999ms' } }, /at least 1s/],
  ['MediaServer', 'an interval that is a number', { keepAlive: { interval: 10 } }, /keepAlive\.interval/],
  ['MediaServer', 'an interval without a unit', { keepAlive: { interval: '10' } }, /keepAlive\.interval/],
  ['MediaServer', 'one port for two listeners', { internal: { port: 9090 } }, /different ports/],
  [
    'MediaServer',
    'one port for https and metrics',
    { rest: { https: { port: 9090, certificateRef: { name: 'tls' } } } },
    /different ports/,
  ],
  [
    'MediaServer',
    'an ingress and an HTTPRoute',
    { ingress: {}, httpRoute: { parentRefs: [{ name: 'g' }] } },
    /either ingress or httpRoute/,
  ],
  ['MediaServer', 'a URL as an address', { media: { announcedAddress: 'http://192.0.2.1' } }, /announcedAddress/],
  ['MediaServer', 'an almost known word', { media: { announcedAddress: 'nodeExternalIP' } }, /expected NodeExternalIP/],
  ['MediaServer', 'a URL of no ICE server', { media: { iceServers: [{ urls: ['http://x'] }] } }, /iceServers/],
  [
    'MediaServer',
    'bounds that cross',
    { autoscaling: { minReplicas: 3, maxReplicas: 2, targetStreams: 9 } },
    /minReplicas to be at most maxReplicas/,
  ],
  ['MediaServer', 'a misspelt field', { keepalive: { enabled: true } }, /spec\.keepalive/],
  ['MediaServer', 'a misspelt field below', { keepAlive: { enabeld: true } }, /spec\.keepAlive\.enabeld/],
  ['MediaServer', 'an unknown codec', { media: { codecs: ['H265'] } }, /media\.codecs/],
  ['MediaServer', 'no codec', { media: { codecs: [] } }, /media\.codecs/],
  ['MediaServer', 'a port out of range', { media: { port: 70_000 } }, /media\.port/],
  ['MediaServer', 'an unknown exposure', { media: { exposure: 'NodePort' } }, /media\.exposure/],
  ['MediaServer', 'less than no replicas', { replicas: -1 }, /spec\.replicas/],
  ['MediaServer', 'a reference without a name', { rest: { authRef: {} } }, /rest\.authRef\.name/],
  [
    'MediaServer',
    'a reference that leads to another namespace',
    { rest: { authRef: { name: '../../kube-system/secrets/admin' } } },
    /rest\.authRef\.name/,
  ],
  ['StreamApp', 'no appKey', { ...server }, /spec\.appKey/],
  ['StreamApp', 'an appKey with a slash', app({ appKey: 'a/b' }), /spec\.appKey/],
  ['StreamApp', 'an empty appKey', app({ appKey: '' }), /spec\.appKey/],
  ['StreamApp', 'no MediaServer', { appKey: 'a' }, /spec\.mediaServerRef/],
  ['StreamApp', 'an interval below 1s', app({ keepAlive: { interval: '1ms' } }), /at least 1s/],
  ['RestHook', 'no URL', {}, /spec\.url/],
  ['RestHook', 'a URL without a scheme', { url: 'backend/api' }, /http or https URL/],
  ['RestHook', 'a URL of ftp', { url: 'ftp://backend/api' }, /http or https URL/],
  ['RestHook', 'a URL without a host', { url: 'http://' }, /http or https URL/],
  ['RestHook', 'a port that is none', { url: 'http://backend:99999/' }, /port of at most 65535/],
  ['RestHook', 'auth without its secret', hook({ auth: { type: 'basic' } }), /secretRef/],
  ['RestHook', 'an unknown method', hook({ methods: [{ name: 'StreamKeepalive' }] }), /methods/],
  ['RestHook', 'a method twice', hook({ methods: [{ name: 'connect' }, { name: 'connect' }] }), /methods/],
  [
    'RestHook',
    'a threshold for another method',
    hook({ methods: [{ name: 'connect', failureThreshold: 1 }] }),
    /failureThreshold is for StreamKeepAliveEvent only/,
  ],
  [
    'RestHook',
    'fields to overwrite at connect',
    hook({ methods: [{ name: 'connect', restOverwrite: ['name'] }] }),
    /restOverwrite is for publishStream and playStream only/,
  ],
  [
    'RestHook',
    'a field that may not be overwritten',
    hook({ methods: [{ name: 'playStream', restOverwrite: ['sdp'] }] }),
    /restOverwrite/,
  ],
  [
    'RestHook',
    'a password in its URL',
    { url: 'http://ops:sesame@backend/api' },
    /no user name or password in the URL/,
  ],
  ['RestHook', 'no time for a call', hook({ timeout: '0s' }), /more than 0s/],
  ['StreamTermination', 'neither filter nor all', termination({}), /exactly one of filter and all/],
  ['StreamTermination', 'all: false', termination({ all: false }), /exactly one of filter and all/],
  ['StreamTermination', 'filter and all', termination({ filter: { name: 'x' }, all: true }), /exactly one of/],
  ['StreamTermination', 'an empty filter', termination({ filter: {} }), /filter/],
  ['StreamTermination', 'a misspelt filter', termination({ filter: { nmae: 'x' } }), /filter/],
  ['StreamTermination', 'a filter of null', termination({ filter: { name: null } }), /filter/],
  ['StreamTermination', 'an empty name', termination({ filter: { name: '' } }), /filter\.name/],
  ['StreamTermination', 'no ids', termination({ filter: { mediaSessionIds: [] } }), /mediaSessionIds/],
];

describe('the API server and the reader of files agree: they', () => {
  it.each(ACCEPTED)('accept a %s with %s', async (kind, _what, spec) => {
    expect(await refusal(kind, spec)).toBeNull();
    expect(asFile(kind, spec)).toMatchObject({ ok: true });
  });

  it.each(REFUSED)('refuse a %s with %s', async (kind, _what, spec, words) => {
    expect(await refusal(kind, spec)).toMatch(words);
    expect(asFile(kind, spec)).toMatchObject({ ok: false });
  });

  it.each(ACCEPTED)('fill in the same defaults of a %s with %s', async (kind, _what, spec) => {
    const checked = asFile(kind, spec);
    expect((await dryRun(kind, spec))['spec']).toEqual(checked.ok ? checked.resource.spec : null);
  });
});

describe('every rule of the CRDs', () => {
  const aboutChanges = ['appKey is immutable', 'the spec is immutable'];
  const rules = KINDS.flatMap(({ kind, rules: own }) => own.map(({ message }): [string, string] => [kind, message]));

  it.each(rules.filter(([, message]) => !aboutChanges.includes(message)))(
    '%s: %s, is broken by a test',
    async (kind, message) => {
      const answers = await Promise.all(REFUSED.filter(([of]) => of === kind).map(([, , spec]) => refusal(kind, spec)));
      expect(answers.some((answer) => answer?.includes(message))).toBe(true);
    },
  );

  it.each(['n'.repeat(59), 'live.eu'])('keeps MediaServers from being called %s', async (name) => {
    const query = { dryRun: 'All' };
    const refused = api.create(TYPES.MediaServer, NAMESPACE, { metadata: { name }, spec: {} }, query);
    await expect(refused).rejects.toThrow(
      'metadata.name: expected a name of at most 58 lower-case letters, digits and hyphens',
    );
  });

  it('keeps an appKey as it is', async () => {
    await api.create(TYPES.StreamApp, NAMESPACE, { metadata: { name: 'fixed' }, spec: app({}) });
    await expect(api.patch(TYPES.StreamApp, NAMESPACE, 'fixed', { spec: { appKey: 'b' } })).rejects.toThrow(
      'appKey is immutable',
    );
    await api.patch(TYPES.StreamApp, NAMESPACE, 'fixed', { spec: { keepAlive: { interval: '3s' } } });
  });

  it('keeps an order to end streams as it is', async () => {
    const type = typeOf(kindOf('StreamTermination'));
    await api.create(type, NAMESPACE, { metadata: { name: 'fixed' }, spec: termination({ filter: { name: 'x' } }) });
    await expect(api.patch(type, NAMESPACE, 'fixed', { spec: { filter: { name: 'y' } } })).rejects.toThrow(
      'the spec is immutable',
    );
  });
});

describe('what kubectl shows', () => {
  const kubectl = (...args: string[]): Promise<string> => api.kube.kubectl(['-n', NAMESPACE, ...args]);
  const installed = KINDS.map((kind) => kind as Kind<never>);

  it.each(installed)('explains every field of a $kind', async ({ plural, spec }) => {
    const { properties } = spec as unknown as { properties: Record<string, { description: string }> };
    const text = (await kubectl('explain', `${plural}.spec`)).replace(/\s+/g, ' ');
    for (const [name, { description }] of Object.entries(properties)) {
      expect(text).toContain(name);
      expect(text).toContain(description.replace(/\s+/g, ' '));
    }
  });

  it.each(installed)('has the columns of a $kind, by its short name', async ({ columns, plural, shortNames }) => {
    const [short = ''] = shortNames;
    const type = { apiVersion: API_VERSION, kind: '', plural };
    const list = await api.client.call<{ items: unknown[] }>('GET', pathOf(type, NAMESPACE));
    if (list.items.length === 0) await kubectl('apply', '-f', 'examples/resources', '--server-side');
    const [header = ''] = (await kubectl('get', short, '-o', 'wide')).split('\n');
    expect(header.trim().split(/\s{2,}/)).toEqual(['NAME', ...columns.map(({ name }) => name.toUpperCase())]);
  });

  it('lists all kinds by their category', async () => {
    const text = await kubectl('api-resources', '--categories=sluice', '-o', 'name');
    expect(text.trim().split('\n').sort()).toEqual(KINDS.map(({ plural }) => `${plural}.sluice.dev`).sort());
  });

  it('is a refusal for a misspelt field, with the field', async () => {
    const misspelt = { apiVersion: API_VERSION, kind: 'MediaServer', metadata: { name: 'x' }, spec: { replica: 2 } };
    await expect(api.kube.apply(NAMESPACE, misspelt)).rejects.toThrow('unknown field "spec.replica"');
  });

  it('scales a MediaServer', async () => {
    await api.create(TYPES.MediaServer, NAMESPACE, { metadata: { name: 'scaled' }, spec: { replicas: 0 } });
    await kubectl('scale', 'mediaserver/scaled', '--replicas=1');
    const { spec } = await api.kube.get(NAMESPACE, 'mediaserver/scaled');
    expect(spec.replicas).toBe(1);
  });
});
