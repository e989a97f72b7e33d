import { beforeEach, describe, expect, it } from 'vitest';
import { RecordedCalls } from '../../test/builders/recorded-calls.ts';
import { VirtualClock } from '../../test/builders/virtual-clock.ts';
import { ApiError } from './api-error.ts';
import { CachedReads } from './cached-reads.ts';
import { type KubeObject, TYPES } from './objects.ts';

const secret = (name: string, token: string): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: { name, namespace: 'media' },
  data: { token },
});

describe('CachedReads', () => {
  let client: RecordedCalls;
  let clock: VirtualClock;
  let reads: CachedReads;

  beforeEach(() => {
    client = new RecordedCalls();
    clock = new VirtualClock();
    reads = new CachedReads(client, clock);
  });

  const get = (name = 'api') => reads.get(TYPES.Secret, 'media', name);

  it('reads an object at most once in 30 seconds', async () => {
    client.have(TYPES.Secret, secret('api', 'old'));
    expect(await get()).toEqual(secret('api', 'old'));
    client.have(TYPES.Secret, secret('api', 'new'));
    await clock.advance(29_999);
    expect([await get(), client.calls.length]).toEqual([secret('api', 'old'), 1]);
    await clock.advance(1);
    expect([await get(), client.calls.length]).toEqual([secret('api', 'new'), 2]);
    expect(client.calls[0]).toEqual({ method: 'GET', path: '/api/v1/namespaces/media/secrets/api' });
  });

  it('reads a missing object again after five seconds', async () => {
    expect(await get()).toBeNull();
    client.have(TYPES.Secret, secret('api', 'new'));
    await clock.advance(4_999);
    expect([await get(), client.calls.length]).toEqual([null, 1]);
    await clock.advance(1);
    expect([await get(), client.calls.length]).toEqual([secret('api', 'new'), 2]);
  });

  it('reads an object without the wanted key again after five seconds', async () => {
    const whole = async (): Promise<unknown> =>
      (await reads.get(TYPES.Secret, 'media', 'api', ({ data }) => data !== undefined))?.['data'];
    client.have(TYPES.Secret, { ...secret('api', ''), data: undefined });
    expect(await whole()).toBeUndefined();
    client.have(TYPES.Secret, secret('api', 'new'));
    await clock.advance(4_999);
    expect([await whole(), client.calls.length]).toEqual([undefined, 1]);
    await clock.advance(1);
    expect([await whole(), client.calls.length]).toEqual([{ token: 'new' }, 2]);
    await clock.advance(29_999);
    expect([await whole(), client.calls.length]).toEqual([{ token: 'new' }, 2]);
  });

  it('distinguishes kinds, namespaces and names', async () => {
    client.have(TYPES.Secret, secret('api', 'x'));
    expect(await get('api')).toEqual(secret('api', 'x'));
    expect(await get('other')).toBeNull();
    expect(await reads.get(TYPES.ConfigMap, 'media', 'api')).toBeNull();
    expect(await reads.get(TYPES.Secret, 'elsewhere', 'api')).toBeNull();
  });

  it('forgets an object that the operator has written', async () => {
    client.have(TYPES.Secret, secret('api', 'old'));
    await get();
    client.have(TYPES.Secret, secret('api', 'new'));
    reads.forget(TYPES.Secret, 'media', 'api');
    expect(await get()).toEqual(secret('api', 'new'));
  });

  it('does not cache a read that overlaps with a write of the operator', async () => {
    const onItsWay = get();
    client.have(TYPES.Secret, secret('api', 'new'));
    reads.forget(TYPES.Secret, 'media', 'api');
    expect(await onItsWay).toBeNull();
    expect(await get()).toEqual(secret('api', 'new'));
  });

  it('does not cache failures', async () => {
    client.refuse('/api/v1/namespaces/media/secrets/api', new ApiError('gone', { status: 503 }));
    await expect(get()).rejects.toThrow('gone');
    await expect(get()).rejects.toThrow('gone');
    expect(client.calls).toHaveLength(2);
  });

  it('drops content that is no longer requested', async () => {
    for (const name of ['a', 'b', 'missing']) {
      if (name !== 'missing') client.have(TYPES.Secret, secret(name, 'x'));
      await get(name);
    }
    await clock.advance(20_000);
    await get('missing');
    expect(reads.size).toBe(3);
    await clock.advance(20_000);
    await get('b');
    expect(reads.size).toBe(2);
  });
});
