import { connect } from 'node:tls';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { Backend } from '../../harness/backend.ts';
import { selfSigned, tlsSecret } from '../../harness/certificate.ts';
import { AUTHORIZATION, apiSecret, ClusterStage, restHook, streamApp } from '../../harness/cluster-stage.ts';
import type { Json } from '../../harness/kube.ts';
import { until } from '../../harness/wait.ts';

let stage: ClusterStage;

beforeAll(async () => {
  stage = await ClusterStage.open('changes');
  await stage.apply(certificate('first'));
  await stage.live({ rest: { authRef: { name: 'api' }, https: { certificateRef: { name: 'tls' } } } });
});
afterEach(() => stage.leave());
afterAll(() => stage.clear());

const certificate = (name: string): object => tlsSecret('tls', selfSigned(name));

/** Common name of the certificate that the pod serves. */
async function servedName(): Promise<string> {
  const [pod] = await stage.pods();
  return new Promise((resolve, reject) => {
    const socket = connect({ host: pod.status.podIP, port: 8444, rejectUnauthorized: false }, () => {
      resolve(String(socket.getPeerCertificate().subject.CN));
      socket.destroy();
    });
    socket.once('error', reject);
  });
}

/** Pods by uid with their restart counts, which a change must not affect. */
async function pods(): Promise<string[]> {
  return (await stage.pods()).map(
    ({ metadata, status }: Json) => `${metadata.uid} ${status.containerStatuses[0].restartCount}`,
  );
}

/** Runs an action while a stream is published and played. Neither may be interrupted, and no pod may restart. */
async function untouched(change: () => Promise<void>): Promise<void> {
  const before = await pods();
  const publisher = await stage.publish('untouched');
  const player = await stage.play('untouched');
  await change();
  expect([publisher.state, player.state]).toEqual(['connected', 'connected']);
  const received = player.received;
  await until('packets still arrive', () => player.received > received);
  expect(await pods()).toEqual(before);
}

/** Milliseconds between the next checks of the publication. */
async function gapsOfChecks(): Promise<number[]> {
  const from = performance.now();
  const checks = await until('three checks', () => {
    const calls = stage.backend.of('StreamKeepAliveEvent').filter(({ at, body }) => at > from && body['published']);
    return calls.length >= 3 ? calls : null;
  });
  return checks.slice(1).map(({ at }, index) => at - (checks[index]?.at ?? 0));
}

describe('a change while streams are live', () => {
  it('of the interval takes effect, each time', () =>
    untouched(async () => {
      for (const [interval, isRight] of [
        ['3s', (gap: number) => gap > 2_000],
        ['1s', (gap: number) => gap < 2_000],
      ] as const) {
        await stage.patch('mediaserver/live', { spec: { keepAlive: { interval } } });
        await stage.condition('mediaserver/live', 'ConfigApplied', 'True');
        const gaps = await gapsOfChecks();
        expect(gaps.filter((gap) => !isRight(gap))).toEqual([]);
      }
    }));

  it('of the hook URL moves the checks to the new backend', () =>
    untouched(async () => {
      const other = await Backend.start(0, stage.kube.target.machine);
      try {
        await stage.patch('resthook/backend', { spec: { url: other.url } });
        await other.waitFor('StreamKeepAliveEvent');
        await stage.patch('resthook/backend', { spec: { url: stage.backend.url } });
        const from = performance.now();
        await until('it is checked here again', () => stage.checkedSince(from).has('untouched'));
      } finally {
        await other.close();
      }
    }));

  it('of the method list or the app keys stops and starts the checks, and the StreamApp reports it', () =>
    untouched(async () => {
      await stage.patch('resthook/backend', { spec: { methods: null } });
      await stage.condition('streamapp/default', 'KeepAliveActive', 'False', 'MethodNotListed');
      await stage.apply(restHook(stage.backend.url));
      await stage.condition('streamapp/default', 'KeepAliveActive', 'True');
      await stage.patch('mediaserver/live', { spec: { keepAlive: { appKeys: ['other'] } } });
      await stage.condition('streamapp/default', 'KeepAliveActive', 'False', 'AppKeyNotListed');
      await stage.patch('mediaserver/live', { spec: { keepAlive: { appKeys: ['defaultApp'] } } });
      await stage.condition('streamapp/default', 'KeepAliveActive', 'True');
      await stage.patch('resthook/backend', {
        spec: { methods: [{ name: 'StreamKeepAliveEvent', restOnError: 'LOG' }] },
      });
      await stage.condition('streamapp/default', 'KeepAliveActive', 'True', 'RefusalOnlyLogged');
      await stage.apply(restHook(stage.backend.url));
    }));
});

describe('an invalid reference or value', () => {
  it('disables one app only, which recovers by itself', () =>
    untouched(async () => {
      await stage.apply(streamApp('other', { restHookRef: { name: 'missing' } }));
      await stage.condition('streamapp/other', 'ResolvedRefs', 'False', 'RefNotFound');
      await stage.condition('mediaserver/live', 'Degraded', 'True', 'RefNotFound');
      expect((await stage.offer('publish', 'x', 'other')).status).toBe(503);
      const hook = restHook(stage.backend.url) as { metadata: object };
      await stage.apply({ ...hook, metadata: { name: 'missing' } });
      await stage.condition('streamapp/other', 'Programmed', 'True');
      await stage.condition('mediaserver/live', 'Degraded', 'False');
      expect((await stage.offer('publish', 'x', 'other')).status).toBe(201);
      await stage.kube.kubectl(['-n', stage.namespace, 'delete', 'streamapp/other', 'resthook/missing']);
    }));

  it('such as a duplicate appKey leaves the key to the older app', () =>
    untouched(async () => {
      await stage.apply(streamApp('younger', { appKey: 'defaultApp' }));
      const { message } = await stage.condition('streamapp/younger', 'Accepted', 'False', 'Conflict');
      expect(message).toContain('StreamApp "default" already has the appKey "defaultApp"');
      await stage.condition('streamapp/default', 'Accepted', 'True');
      await stage.kube.kubectl(['-n', stage.namespace, 'delete', 'streamapp/younger']);
    }));

  it('such as a missing Secret makes the MediaServer keep its last config', () =>
    untouched(async () => {
      await stage.patch('mediaserver/live', { spec: { rest: { authRef: { name: 'gone' } } } });
      const { message } = await stage.condition('mediaserver/live', 'ConfigApplied', 'False', 'InvalidReference');
      expect(message).toContain('spec.rest.authRef: Secret "gone" does not exist');
      expect(await stage.status('/rest-api/app/find_all', AUTHORIZATION)).toBe(200);
      await stage.patch('mediaserver/live', { spec: { rest: { authRef: { name: 'api' } } } });
      await stage.condition('mediaserver/live', 'ConfigApplied', 'True');
    }));

  it('such as a config that the pods refuse makes them keep the old one, and a condition says why', () =>
    untouched(async () => {
      await stage.apply(tlsSecret('broken', { cert: 'not a certificate', key: 'not a key' }));
      const use = (name: string): Promise<unknown> =>
        stage.patch('mediaserver/live', { spec: { rest: { https: { certificateRef: { name } } } } });
      await use('broken');
      const { message } = await stage.condition('mediaserver/live', 'ConfigApplied', 'False', 'Refused');
      expect(message).toContain('the certificate and key cannot be used');
      await use('tls');
      await stage.condition('mediaserver/live', 'ConfigApplied', 'True');
    }));
});

/** Each Secret is read again a minute after the last time. */
const REREAD = { timeoutMs: 90_000, everyMs: 500 };

// Last, since its changes are read again only after a minute.
describe('a change of a Secret while streams are live', () => {
  it('takes effect within a minute for a password or a certificate', { timeout: 150_000 }, () =>
    untouched(async () => {
      expect(await servedName()).toBe('first');
      await stage.apply(apiSecret('open'), certificate('second'));
      const renewed = { authorization: `Basic ${Buffer.from('ops:open').toString('base64')}` };
      const works = async (): Promise<boolean> => (await stage.status('/rest-api/app/find_all', renewed)) === 200;
      await until('the new password works', works, REREAD);
      expect(await stage.status('/rest-api/app/find_all', AUTHORIZATION)).toBe(401);
      await until('the new certificate is served', async () => (await servedName()) === 'second', REREAD);
    }),
  );
});
