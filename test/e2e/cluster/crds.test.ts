import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { rulesOf } from '../../../crds/emit/rules.ts';
import { API_VERSION, KINDS, type Kind } from '../../../crds/schema/kinds.ts';
import { validateResource } from '../../../crds/validate/resource.ts';
import { ApiError } from '../../../operator/kube/api-error.ts';
import { type KubeObject, pathOf, TYPES } from '../../../operator/kube/objects.ts';
import { ACCEPTED_MANIFESTS, REFUSED_MANIFESTS } from '../../fixtures/manifests.ts';
import { Api } from '../../harness/api.ts';

const NAMESPACE = 'crds';
let api: Api;

beforeAll(async () => {
  api = await Api.open();
  await api.kube.namespace(NAMESPACE);
});

afterAll(async () => {
  await api.kube.removeNamespace(NAMESPACE);
  await api.close();
});

const kindOf = (name: string): Kind<never> => KINDS.find(({ kind }) => kind === name) as Kind<never>;
const typeOf = ({ kind, plural }: Kind<never>) => ({ apiVersion: API_VERSION, kind, plural });

/** The API server's answer to a dry run of an object; null = accepted. */
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

const app = { appKey: 'a', mediaServerRef: { name: 'live' } };
const termination = (filter: object) => ({ mediaServerRef: { name: 'live' }, filter });

describe('the API server and the file loader agree: they', () => {
  it.each(ACCEPTED_MANIFESTS)('accept a %s with %s', async (kind, _what, spec) => {
    expect(await refusal(kind, spec)).toBeNull();
    expect(asFile(kind, spec)).toMatchObject({ ok: true });
  });

  // crds/validate/manifests.test.ts has the other half.
  it.each(REFUSED_MANIFESTS)('refuse a %s with %s, and name the field', async (kind, _what, spec, field) => {
    expect(await refusal(kind, spec)).toContain(field);
  });

  it('refuse a filter of null: the API server drops the null and sees an empty filter', async () => {
    const spec = { mediaServerRef: { name: 'live' }, filter: { name: null } };
    expect(await refusal('StreamTermination', spec)).toContain('spec.filter');
    expect(asFile('StreamTermination', spec)).toMatchObject({ ok: false });
  });

  it.each(ACCEPTED_MANIFESTS)('fill in the same defaults of a %s with %s', async (kind, _what, spec) => {
    const checked = asFile(kind, spec);
    expect((await dryRun(kind, spec))['spec']).toEqual(checked.ok ? checked.resource.spec : null);
  });
});

describe('every rule of the CRDs', () => {
  const aboutChanges = ['appKey is immutable', 'name is immutable', 'the spec is immutable'];
  const rules = KINDS.flatMap((kind) => {
    const messages = new Set(rulesOf(kind as Kind<never>).map(({ message }) => message));
    return [...messages].map((message): [string, string] => [kind.kind, message]);
  });

  it.each(rules.filter(([, message]) => !aboutChanges.includes(message)))(
    '%s: %s, is broken by a test',
    async (kind, message) => {
      const specs = REFUSED_MANIFESTS.filter(([of]) => of === kind).map(([, , spec]) => spec);
      const answers = await Promise.all(specs.map((spec) => refusal(kind, spec)));
      expect(answers.some((answer) => answer?.includes(message))).toBe(true);
    },
  );

  it.each(['n'.repeat(59), 'live.eu'])('keeps MediaServers from being called %s', async (name) => {
    const query = { dryRun: 'All' };
    const refused = api.create(TYPES.MediaServer, NAMESPACE, { metadata: { name }, spec: {} }, query);
    await expect(refused).rejects.toThrow(
      'metadata.name: must be a name of at most 58 lower-case letters, digits and hyphens',
    );
  });

  it('keeps an appKey immutable', async () => {
    await api.create(TYPES.StreamApp, NAMESPACE, { metadata: { name: 'fixed' }, spec: app });
    await expect(api.patch(TYPES.StreamApp, NAMESPACE, 'fixed', { spec: { appKey: 'b' } })).rejects.toThrow(
      'appKey is immutable',
    );
    await api.patch(TYPES.StreamApp, NAMESPACE, 'fixed', { spec: { keepAlive: { interval: '3s' } } });
  });

  it('keeps the name of a captured stream immutable', async () => {
    const type = typeOf(kindOf('StreamCapture'));
    const spec = { appRef: { name: 'default' }, name: 'gate', rtsp: { url: 'rtsp://10.20.0.7/main' } };
    await api.create(type, NAMESPACE, { metadata: { name: 'fixed' }, spec });
    await expect(api.patch(type, NAMESPACE, 'fixed', { spec: { name: 'yard' } })).rejects.toThrow('name is immutable');
    await api.patch(type, NAMESPACE, 'fixed', { spec: { rtsp: null, srt: { url: 'srt://10.20.0.9:9000' } } });
  });

  it('keeps a StreamTermination immutable', async () => {
    const type = typeOf(kindOf('StreamTermination'));
    await api.create(type, NAMESPACE, { metadata: { name: 'fixed' }, spec: termination({ name: 'x' }) });
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

  it('is a refusal that names a misspelt field', async () => {
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
