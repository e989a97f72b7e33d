import { afterAll, afterEach, beforeAll, describe, expect, inject, it, onTestFinished } from 'vitest';
import { ClusterFleet, SLOW } from '../../harness/cluster-fleet.ts';
import { AUTHORIZATION, type ClusterStage, termination } from '../../harness/cluster-stage.ts';
import { type Json, SYSTEM } from '../../harness/kube.ts';
import { cutLink } from '../../harness/pod-links.ts';
import type { RtcClient } from '../../harness/rtc-client.ts';
import { until } from '../../harness/wait.ts';

const OPERATOR = ['-l', 'app.kubernetes.io/name=sluice-operator'];
let fleet: ClusterFleet;
let stage: ClusterStage;

beforeAll(async () => {
  fleet = await ClusterFleet.open('fleet');
  stage = fleet.stage;
});
afterEach(() => stage.leave());
afterAll(() => stage.clear());

describe('three pods', () => {
  it('end all streams with one call, which says what it did on each pod', async () => {
    const streams = await fleet.publishMany(30);
    const askedAt = performance.now();
    const { body, status } = await stage.terminated({});
    expect([status, body.matched, body.terminated, body.pods.length]).toEqual([200, 30, 30, 3]);
    for (const { matched } of body.pods) expect(matched).toBeGreaterThanOrEqual(6);
    await Promise.all(streams.map((client) => client.untilEnded()));
    for (const { endedAt } of streams) expect((endedAt ?? Infinity) - askedAt).toBeLessThan(1_000);
    expect(await stage.terminate({})).toBe(404);
  });

  it('play through any pod what is published on one of them', async () => {
    await stage.publish('a');
    const players: RtcClient[] = [];
    for (let index = 0; index < 6; index++) players.push(await stage.play('a'));
    const { body } = await stage.terminated({ published: true });
    expect([body.matched, body.terminated]).toEqual([1, 1]);
    await Promise.all(players.map((player) => player.untilEnded()));
  });

  it('share 300 viewers of one stream, which one call ends', async () => {
    await stage.publish('popular');
    const viewers: RtcClient[] = [];
    while (viewers.length < 300) {
      viewers.push(...(await Promise.all(Array.from({ length: 10 }, () => stage.play('popular')))));
    }
    const found = await stage.found({ published: false });
    const pods = Map.groupBy(found, ({ nodeId }) => nodeId);
    expect([pods.size, found.length]).toEqual([3, 300]);
    for (const { length } of pods.values()) expect(length).toBeGreaterThanOrEqual(60);

    const askedAt = performance.now();
    const { body, status } = await stage.terminated({});
    expect([status, body.matched, body.terminated]).toEqual([200, 301, 301]);
    await Promise.all(viewers.map((viewer) => viewer.untilEnded()));
    for (const { endedAt } of viewers) expect((endedAt ?? Infinity) - askedAt).toBeLessThan(1_000);
  });

  it('publish a name once', async () => {
    await stage.publish('a');
    for (let index = 0; index < 3; index++) expect((await stage.offer('publish', 'a')).status).toBe(409);
  });

  it('answer 503 while one of them is frozen, and end the rest; then 200', async () => {
    const streams = await fleet.publishMany(6);
    const [frozen] = await stage.pods();
    const found = await stage.found({});
    const others = found.filter(({ nodeId }) => !nodeId.startsWith(`${frozen.metadata.name}@`));
    await stage.signal(frozen, 'SIGSTOP');
    onTestFinished(() => stage.signal(frozen, 'SIGCONT'));
    // The ingress sends some requests to the frozen pod until its probe fails.
    const { body } = await until(
      'another pod answers',
      async () => {
        const answer = await stage.terminated({}).catch(() => null);
        return answer?.status === 503 && answer.body.pods && answer;
      },
      SLOW,
    );
    const silent = body.pods.filter(({ error }: Json) => error !== undefined).map(({ pod }: Json) => pod);
    expect(silent).toEqual([frozen.metadata.name]);
    await until(
      'the others are ended',
      () => streams.filter(({ endedAt }) => endedAt !== null).length >= others.length,
    );
    await stage.signal(frozen, 'SIGCONT');
    await fleet.endAll();
    await Promise.all(streams.map((client) => client.untilEnded()));
    await fleet.ready(3);
  });
});

describe.runIf(inject('target').kind === 'embedded')('a link that is cut', () => {
  /** Sends a terminate of everything to one pod, without the ingress. */
  async function terminateAt(pod: Json): Promise<{ status: number; body: Json }> {
    const response = await fetch(`http://${pod.status.podIP}:8081/rest-api/stream/terminate`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...AUTHORIZATION },
      body: '{}',
    });
    return { status: response.status, body: await response.json() };
  }

  const errorsOf = (body: Json): string[] => body.pods.flatMap(({ error, pod }: Json) => (error ? [pod] : []));

  it('between two pods is a 503 with the name of the other one, and 200 once it heals', async () => {
    const [one, other, third] = await stage.pods();
    const streams = await fleet.publishMany(6);
    const onOther = (await stage.found({})).filter(({ nodeId }) => nodeId.startsWith(`${other.metadata.name}@`));
    const heal = cutLink(one, other);
    try {
      const cut = await terminateAt(one);
      expect([cut.status, errorsOf(cut.body)]).toEqual([503, [other.metadata.name]]);
      await until(
        'the rest has ended',
        () => streams.filter(({ endedAt }) => endedAt === null).length === onOther.length,
      );
    } finally {
      heal();
    }
    // The network may still deliver the first call.
    expect([200, 404]).toContain((await terminateAt(one)).status);
    await Promise.all(streams.map((client) => client.untilEnded()));
    expect((await terminateAt(third)).status).toBe(404);
    await fleet.ready(3);
  });

  it('between a pod and the operator is told, and streams are ended all the same', async () => {
    const [one] = await stage.pods();
    const { items: operators } = await stage.kube.get(SYSTEM, 'pods', ...OPERATOR);
    const heals = operators.map((operator: Json) => cutLink(one, operator));
    try {
      await stage.condition('mediaserver/live', 'FleetReady', 'False', 'PodUnreachable');
      const streams = await fleet.publishMany(3);
      expect((await stage.terminated({})).status).toBe(200);
      await Promise.all(streams.map((client) => client.untilEnded()));
    } finally {
      for (const heal of heals) heal();
    }
    await fleet.ready(3);
  });
});

describe('a StreamTermination', () => {
  const status = async (name: string): Promise<Json> => (await stage.get(`streamtermination/${name}`)).status;

  /** Makes a new one: a second attempt of a test finds the one of the first. */
  async function carriedOut(name: string, spec: object): Promise<void> {
    const what = `streamtermination/${name}`;
    await stage.kube.kubectl(['-n', stage.namespace, 'delete', what, '--ignore-not-found']);
    await stage.apply(termination(name, spec));
    await stage.condition(what, 'Complete', 'True');
  }

  it('ends the streams of all pods once, and says what each pod did', async () => {
    const streams = await fleet.publishMany(6);
    await carriedOut('count', { all: true, dryRun: true });
    expect(await status('count')).toMatchObject({ matched: 6, terminated: 0 });
    await carriedOut('one', { filter: { name: 'stream-0' } });
    expect(await status('one')).toMatchObject({ phase: 'Complete', matched: 1, terminated: 1 });
    expect((await status('one')).pods.map(({ state }: Json) => state)).toEqual(['Done', 'Done', 'Done']);
    await streams[0]?.untilEnded();
    expect(streams.slice(1).every(({ state }) => state === 'connected')).toBe(true);
    await expect(stage.patch('streamtermination/one', { spec: { filter: { name: 'x' } } })).rejects.toThrow(
      'immutable',
    );
  });

  it('may be made by people who may not change a MediaServer', async () => {
    const binding = ['create', 'rolebinding', 'ann', '--clusterrole=sluice-operator-user', '--user=ann'];
    await stage.kube.kubectl(['-n', stage.namespace, ...binding]);
    const may = async (verb: string, what: string): Promise<string> =>
      stage.kube.kubectl(['-n', stage.namespace, 'auth', 'can-i', verb, what, '--as=ann']).catch(() => 'no');
    expect((await may('create', 'streamterminations')).trim()).toBe('yes');
    expect((await may('get', 'mediaservers')).trim()).toBe('yes');
    expect((await may('patch', 'mediaservers')).trim()).toBe('no');
  });
});

describe('autoscaling', () => {
  it('follows the number of streams, and cuts none', { timeout: 240_000 }, async () => {
    const autoscaling = { minReplicas: 1, maxReplicas: 3, targetStreams: 2, scaleDownDelay: '1s' };
    onTestFinished(async () => {
      await stage.patch('mediaserver/live', { spec: { replicas: 3, autoscaling: null } });
      await fleet.ready(3);
    });
    await stage.patch('mediaserver/live', { spec: { autoscaling } });
    await fleet.ready(1);
    const streams = await fleet.publishMany(5);
    await fleet.ready(3);
    // It was one pod that took them all.
    const kept = streams.pop();
    for (const index of streams.keys()) await stage.terminate({ name: `stream-${index}` });
    await fleet.ready(1);
    expect(kept?.state).toBe('connected');
  });
});

describe('pods that come and go', () => {
  it('are all asked: no answer is 200 or 404 while a stream lives', { timeout: 240_000 }, async () => {
    const loop = { isOver: false, calls: 0, wrong: [] as string[] };
    const calls = (async () => {
      while (!loop.isOver) {
        const offers = await Promise.allSettled(['x', 'y', 'z'].map((name) => stage.offer('publish', name)));
        // The ingress controller may still send an offer to a pod that is gone.
        const streams = offers.flatMap((offer) => (offer.status === 'fulfilled' ? [offer.value] : []));
        await Promise.all(streams.map((client) => client.status === 201 && client.connected().catch(() => null)));
        const live = streams.filter(({ state }) => state === 'connected');
        const { status } = await stage.terminated({}).catch(() => ({ status: 0 }));
        loop.calls += 1;
        if (status === 404 && live.length > 0) loop.wrong.push(`404 with ${live.length} streams`);
        if (status === 200) {
          const all = Promise.all(live.map((client) => client.untilEnded()));
          const isEnded = await Promise.race([all.then(() => true), new Promise((done) => setTimeout(done, 5_000))]);
          if (!isEnded) loop.wrong.push('200 with a live stream');
        }
        await stage.leave();
      }
    })();
    for (const replicas of [5, 2, 3]) {
      const before = loop.calls;
      await stage.patch('mediaserver/live', { spec: { replicas } });
      await fleet.ready(replicas);
      await until('they were asked meanwhile', () => loop.calls > before, SLOW);
    }
    loop.isOver = true;
    await calls;
    expect(loop.wrong).toEqual([]);
  });
});
