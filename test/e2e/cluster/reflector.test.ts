import { pino } from 'pino';
import { afterAll, afterEach, beforeAll, describe, expect, inject, it } from 'vitest';
import { type KubeObject, pathOf, TYPES } from '../../../operator/kube/objects.ts';
import { Reflector, type Timing } from '../../../operator/kube/reflector.ts';
import { Store } from '../../../operator/kube/store.ts';
import { systemClock } from '../../../process/clock.ts';
import { fastClock } from '../../builders/fast-clock.ts';
import { startApiServer, stopApiServer } from '../../cluster/control-plane.ts';
import { Api } from '../../harness/api.ts';
import type { ApiProxy } from '../../harness/api-proxy.ts';
import { until } from '../../harness/wait.ts';

const NAMESPACE = 'reflector';
const log = pino({ level: 'silent' });
const reflectors: Reflector[] = [];
let api: Api;

beforeAll(async () => {
  api = await Api.open();
  await api.kube.namespace(NAMESPACE);
});

afterEach(async () => {
  await Promise.all(reflectors.splice(0).map((reflector) => reflector.stop()));
  await api.client.call('DELETE', pathOf(TYPES.ConfigMap, NAMESPACE), { query: { labelSelector: 'test=yes' } });
});

afterAll(async () => {
  await api.kube.removeNamespace(NAMESPACE);
  await api.close();
});

const configMap = (name: string, data: object = {}): object => ({ metadata: { name, labels: { test: 'yes' } }, data });
const make = (name: string): Promise<unknown> => api.create(TYPES.ConfigMap, NAMESPACE, configMap(name));

async function reflect(timing: Partial<Timing> = {}): Promise<{ store: Store; proxy: ApiProxy; reflector: Reflector }> {
  const { client, proxy } = await api.through();
  const store = new Store();
  const options = { type: TYPES.ConfigMap, namespace: NAMESPACE, labelSelector: 'test=yes', timing };
  const reflector = new Reflector(options, store, { client, clock: systemClock, log });
  reflectors.push(reflector);
  reflector.start();
  return { store, proxy, reflector };
}

const has = (store: Store, name: string): boolean => store.get(`${NAMESPACE}/${name}`) !== undefined;
const lists = (proxy: ApiProxy): number => proxy.requests.filter(({ isWatch }) => !isWatch).length;
const watches = (proxy: ApiProxy): number => proxy.requests.filter(({ isWatch }) => isWatch).length;

describe('a reflector', () => {
  it('reads more than a thousand objects in pages of 500', { timeout: 120_000 }, async () => {
    const names = Array.from({ length: 1_101 }, (_, index) => `many-${index}`);
    for (let at = 0; at < names.length; at += 50) await Promise.all(names.slice(at, at + 50).map(make));
    const { proxy, reflector, store } = await reflect();
    await reflector.synced;
    expect([store.size, lists(proxy)]).toEqual([1_101, 3]);
  });

  it('reports what is added, changed and deleted', async () => {
    const { reflector, store } = await reflect();
    await reflector.synced;
    const told: string[] = [];
    store.onChange(({ after, before, key }) => told.push(`${key} ${before ? 'was' : '-'} ${after ? 'is' : '-'}`));
    await make('one');
    await api.patch(TYPES.ConfigMap, NAMESPACE, 'one', { data: { a: 'b' } });
    await api.client.call('DELETE', pathOf(TYPES.ConfigMap, NAMESPACE, 'one'));
    await until('all is told', () => told.length === 3);
    expect(told).toEqual(['reflector/one - is', 'reflector/one was is', 'reflector/one was -']);
  });

  it('drops managedFields, which are half of most objects', async () => {
    await make('lean');
    const { reflector, store } = await reflect();
    await reflector.synced;
    await make('watched');
    await until('it is there', () => has(store, 'watched'));
    const metadata = [...store.all()].map((object: KubeObject) => Object.keys(object.metadata));
    expect(metadata.flat()).not.toContain('managedFields');
  });

  it('resumes where it was after a connection reset, and misses nothing', async () => {
    const { proxy, reflector, store } = await reflect();
    await reflector.synced;
    await until('it watches', () => watches(proxy) === 1);
    proxy.fault = () => ({ kind: 'reset' });
    proxy.cut();
    await make('meanwhile');
    proxy.fault = () => null;
    await until('it has been told', () => has(store, 'meanwhile'));
    expect(lists(proxy)).toBe(1);
  });

  it('restarts a watch that has gone silent, and misses nothing', async () => {
    const { proxy, reflector, store } = await reflect({ silenceMs: 1_000 });
    await reflector.synced;
    await until('it watches', () => watches(proxy) === 1);
    proxy.mute = true;
    await make('unheard');
    await until('it watches anew', () => watches(proxy) > 1);
    proxy.mute = false;
    await until('it has been told', () => has(store, 'unheard'));
    expect(lists(proxy)).toBe(1);
  });

  it('waits for the Retry-After of an overloaded server', async () => {
    const { client, proxy } = await api.through();
    proxy.fault = () => ({ kind: 'answer', status: 429, headers: { 'retry-after': '2' } });
    const store = new Store();
    const deps = { client, clock: systemClock, log };
    const reflector = new Reflector({ type: TYPES.ConfigMap, namespace: NAMESPACE }, store, deps);
    reflectors.push(reflector);
    reflector.start();
    await until('it has been refused', () => proxy.requests.length === 1);
    proxy.fault = () => null;
    await reflector.synced;
    const [first, second] = proxy.requests;
    expect((second?.at ?? 0) - (first?.at ?? 0)).toBeGreaterThanOrEqual(1_990);
  });

  it('lists again at once when its resource version has expired, however long the server was away', async () => {
    const { client, proxy } = await api.through();
    const reflector = new Reflector({ type: TYPES.ConfigMap, namespace: NAMESPACE }, new Store(), {
      client,
      clock: fastClock(5),
      log,
    });
    reflectors.push(reflector);
    proxy.fault = ({ isWatch }) => (isWatch ? { kind: 'reset' } : null);
    reflector.start();
    // By now it waits for at least half a second.
    await until('it has failed six times', () => watches(proxy) === 6);
    proxy.fault = ({ isWatch }) => (isWatch ? { kind: 'answer', status: 410 } : null);
    await until('it is told to list again', () => lists(proxy) === 2);
    const listedAt = proxy.requests.findLastIndex(({ isWatch }) => !isWatch);
    const [told, listed] = proxy.requests.slice(listedAt - 1, listedAt + 1);
    expect([told?.isWatch, listed?.isWatch]).toEqual([true, false]);
    expect((listed?.at ?? 0) - (told?.at ?? 0)).toBeLessThan(300);
  });

  it('survives answers of 500 and a slow list', async () => {
    const { client, proxy } = await api.through();
    const faults = [500, 503, 500];
    proxy.fault = async () => {
      const status = faults.shift();
      if (status !== undefined) return { kind: 'answer', status };
      await new Promise((resolve) => setTimeout(resolve, 1_000));
      return null;
    };
    const store = new Store();
    await make('slow');
    const deps = { client, clock: systemClock, log };
    const reflector = new Reflector({ type: TYPES.ConfigMap, namespace: NAMESPACE }, store, deps);
    reflectors.push(reflector);
    reflector.start();
    await reflector.synced;
    expect(has(store, 'slow')).toBe(true);
  });

  it('lists again after a while, in case an event was lost', async () => {
    const { proxy, reflector } = await reflect({ relistMs: 500, watchMs: 500 });
    await reflector.synced;
    await until('it has listed again', () => lists(proxy) >= 2, { timeoutMs: 15_000 });
  });

  it('leaves no request behind when it is stopped', async () => {
    const { proxy, reflector } = await reflect();
    await reflector.synced;
    await until('it watches', () => watches(proxy) === 1);
    await reflector.stop();
    const before = proxy.requests.length;
    await make('unwatched');
    expect(proxy.requests.length).toBe(before);
  });
});

describe('many watches', () => {
  it('leave room for other requests', async () => {
    const stop = new AbortController();
    const path = pathOf(TYPES.ConfigMap, NAMESPACE);
    const watch = { query: { watch: 'true', timeoutSeconds: '60' }, signal: stop.signal };
    const open = await Promise.all(Array.from({ length: 100 }, () => api.client.stream(path, watch)));
    expect(open).toHaveLength(100);
    await expect(api.client.call('GET', path)).resolves.toBeDefined();
    stop.abort();
  });
});

describe.runIf(inject('target').kind === 'embedded')('after a restart of the API server', () => {
  it('a reflector whose resource version has expired (410) lists again', { timeout: 120_000 }, async () => {
    await make('old');
    const { proxy, reflector, store } = await reflect();
    await reflector.synced;
    await until('it watches', () => watches(proxy) === 1);
    proxy.fault = () => ({ kind: 'reset' });
    proxy.cut();
    await api.client.call('DELETE', pathOf(TYPES.ConfigMap, NAMESPACE, 'old'));
    await make('new');
    await stopApiServer();
    await startApiServer();
    proxy.fault = () => null;
    await until('it knows what is there', () => has(store, 'new') && !has(store, 'old'), { timeoutMs: 60_000 });
    expect(lists(proxy)).toBeGreaterThan(1);
  });
});
