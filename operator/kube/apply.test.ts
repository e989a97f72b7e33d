import { beforeEach, describe, expect, it } from 'vitest';
import { RecordedCalls } from '../../test/builders/recorded-calls.ts';
import { ApiError } from './api-error.ts';
import { apply, contains, read, remove } from './apply.ts';
import { type KubeObject, TYPES } from './objects.ts';

const PATH = '/apis/apps/v1/namespaces/media/deployments/live';
const WANTED: KubeObject = {
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'live', namespace: 'media', labels: { a: 'b' } },
  spec: { replicas: 1 },
};

describe('apply', () => {
  let client: RecordedCalls;
  beforeEach(() => {
    client = new RecordedCalls();
  });

  /** What the API server would return after the object was applied. */
  async function applied(object: KubeObject): Promise<KubeObject> {
    expect(await apply(client, object, undefined)).toMatchObject(object);
    return client.calls.splice(0)[0]?.body as KubeObject;
  }

  it('takes over every wanted field as its field manager', async () => {
    await apply(client, WANTED, undefined);
    expect(client.calls).toEqual([
      {
        method: 'PATCH',
        path: PATH,
        query: { force: 'true' },
        contentType: 'application/apply-patch+yaml',
        body: {
          ...WANTED,
          metadata: {
            ...WANTED.metadata,
            annotations: { 'sluice.dev/applied-hash': expect.stringMatching(/^[0-9a-f]{16}$/) },
          },
        },
      },
    ]);
  });

  it('writes nothing if every wanted field matches, whatever else is set', async () => {
    const live = await applied(WANTED);
    const grown = {
      ...live,
      metadata: { ...live.metadata, labels: { ...live.metadata.labels, theirs: 'x' }, resourceVersion: '7' },
      status: { readyReplicas: 1 },
    };
    expect(await apply(client, WANTED, grown)).toBeNull();
    expect(client.calls).toEqual([]);
  });

  it('writes if someone else has changed an owned field', async () => {
    const live = await applied(WANTED);
    expect(await apply(client, WANTED, { ...live, spec: { replicas: 3 } })).toMatchObject(WANTED);
  });

  it('writes if a field is no longer wanted, even if all wanted fields match', async () => {
    const live = await applied({ ...WANTED, spec: { replicas: 1, paused: true } });
    expect(contains(live, WANTED)).toBe(true);
    expect(await apply(client, WANTED, live)).toMatchObject(WANTED);
  });

  it('refuses an unknown kind', async () => {
    await expect(apply(client, { ...WANTED, kind: 'DaemonSet' }, undefined)).rejects.toThrow(
      'DaemonSet: not a kind that the operator reads or writes',
    );
  });

  it('passes on a refusal', async () => {
    client.refuse(PATH, new ApiError('no', { status: 403 }));
    await expect(apply(client, WANTED, undefined)).rejects.toThrow('no');
  });

  it('removes exactly this object, and its dependents in the background', async () => {
    expect(await remove(client, { ...WANTED, metadata: { ...WANTED.metadata, uid: 'u1', resourceVersion: '7' } })).toBe(
      true,
    );
    expect(client.calls).toEqual([
      { method: 'DELETE', path: PATH, body: { propagationPolicy: 'Background', preconditions: { uid: 'u1' } } },
    ]);
  });

  it.each([
    ['succeeds if the object is already gone', 404, false],
    ['fails if it is refused', 403, null],
  ] as const)('a removal %s', async (_what, status, expected) => {
    client.refuse(PATH, new ApiError('refused', { status }));
    const removed = remove(client, WANTED);
    if (expected === null) await expect(removed).rejects.toThrow('refused');
    else expect(await removed).toBe(expected);
  });

  it('reads one object, null when there is none', async () => {
    client.have(TYPES.Deployment, WANTED);
    expect(await read(client, TYPES.Deployment, 'media', 'live')).toBe(WANTED);
    expect(await read(client, TYPES.Deployment, 'media', 'other')).toBeNull();
    client.refuse(PATH, new ApiError('refused', { status: 403 }));
    await expect(read(client, TYPES.Deployment, 'media', 'live')).rejects.toThrow('refused');
  });
});

describe('contains', () => {
  it.each<[string, unknown, unknown]>([
    ['the same text', 'a', 'a'],
    ['the same number', 1, 1],
    ['the same object', { a: { b: [1, 2] } }, { a: { b: [1, 2] } }],
    ['an object with more fields', { a: 1, b: { c: 2, d: 3 } }, { b: { c: 2 } }],
    ['items with more fields', { ports: [{ port: 1, nodePort: 30000 }] }, { ports: [{ port: 1 }] }],
    ['any object for a field that is not set', { a: 1 }, { b: undefined }],
    ['an object without a field that must be absent', { a: 1 }, { b: null }],
    ['null for a field that must be absent', { b: null }, { b: null }],
    ['no field for an empty object, which the API server leaves out', {}, { labels: {} }],
    ['no field for an empty list', {}, { tolerations: [] }],
    ['no field for an empty text', { env: [{ name: 'A' }] }, { env: [{ name: 'A', value: '' }] }],
    ['a quantity as the API server writes it', { requests: { cpu: '500m' } }, { requests: { cpu: '0.5' } }],
    ['a quantity that was a number', { limits: { cpu: '2' } }, { limits: { cpu: 2 } }],
    ['a quantity in larger units', { limits: { memory: '1Gi' } }, { limits: { memory: '1024Mi' } }],
    [
      'a fractional quantity',
      { limits: { memory: '1181116006400m', cpu: '100m' } },
      { limits: { memory: '1.1Gi', cpu: 0.1 } },
    ],
  ])('accepts %s', (_what, live, wanted) => expect(contains(live, wanted)).toBe(true));

  it.each<[string, unknown, unknown]>([
    ['another text', 'b', 'a'],
    ['another number', { replicas: 2 }, { replicas: 1 }],
    ['another type', { port: '80' }, { port: 80 }],
    ['a missing field', {}, { a: 1 }],
    ['a field that must be absent', { a: 1 }, { a: null }],
    ['nothing at all', undefined, { a: 1 }],
    ['null', null, { a: 1 }],
    ['a longer list', [1, 2], [1]],
    ['a shorter list', [1], [1, 2]],
    ['another order', [2, 1], [1, 2]],
    ['an object for a list', { 0: 1, length: 1 }, [1]],
    ['a text for an object', 'a', { a: 1 }],
    ['a list that must be empty', { tolerations: [{}] }, { tolerations: [] }],
    ['another quantity', { requests: { cpu: '500m' } }, { requests: { cpu: '0.6' } }],
    ['a missing quantity', { requests: {} }, { requests: { cpu: '500m' } }],
    ['no quantities at all', {}, { requests: { cpu: '500m' } }],
    ['a text that only looks like a quantity', { env: [{ value: '500m' }] }, { env: [{ value: '0.5' }] }],
  ])('refuses %s', (_what, live, wanted) => expect(contains(live, wanted)).toBe(false));
});
