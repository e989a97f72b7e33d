import { afterAll, beforeAll, expect, it } from 'vitest';
import type { TestServer } from '../harness/media-server.ts';
import { RtcClient } from '../harness/rtc-client.ts';
import { TestFleet } from '../harness/test-fleet.ts';
import { until } from '../harness/wait.ts';

/** `make soak` runs longer. */
const SECONDS = Number(process.env['SOAK_SECONDS'] ?? 45);
const WARM_UP_SECONDS = 10;
const KILL_EVERY_SECONDS = 15;
const PODS = 3;

let fleet: TestFleet;

beforeAll(async () => {
  fleet = await TestFleet.start(PODS);
});
afterAll(() => fleet.stop());

const pod = (index: number): TestServer => {
  const server = fleet.servers[index % PODS];
  if (!server) throw new Error('there is no pod');
  return server;
};

/** Publishes through one pod, plays through the next, and ends both through the third. Counts what was ended. */
async function round(index: number): Promise<number> {
  const name = `soak-${index}`;
  const publisher = await RtcClient.publish(`${pod(index).url}/whip/defaultApp/${name}`);
  if (publisher.status === 201) await publisher.connected();
  const player = await RtcClient.play(`${pod(index + 1).url}/whep/defaultApp/${name}`);
  const { body } = await pod(index + 2).terminate({ name });
  publisher.close();
  player.close();
  return (body as { terminated: number }).terminated;
}

async function churn(seconds: number, { kills }: { kills: boolean }): Promise<{ rounds: number; ended: number }> {
  const until = performance.now() + seconds * 1_000;
  let killAt = performance.now() + KILL_EVERY_SECONDS * 1_000;
  const done = { rounds: 0, ended: 0 };
  while (performance.now() < until) {
    if (kills && performance.now() > killAt) {
      await pod(PODS - 1).stop('SIGKILL');
      await fleet.restart(PODS - 1);
      killAt = performance.now() + KILL_EVERY_SECONDS * 1_000;
    }
    done.ended += await round(done.rounds++);
  }
  return done;
}

/** What grows if something is left behind on a pod that is never killed. */
async function left(server: TestServer): Promise<{ resources: number; heapMiB: number }> {
  await until('no stream is left', async () => (await server.api('/stream/find_all')).status === 404);
  await until('no transport is left', async () => (await server.metric('sluice_worker_transports')) === 0);
  const heap = await server.metric('nodejs_heap_size_used_bytes');
  return { resources: await server.metric('nodejs_active_resources_total'), heapMiB: heap / 1024 / 1024 };
}

it('joins, plays, kicks and killed pods leave nothing behind', { timeout: (SECONDS + 120) * 1_000 }, async () => {
  await churn(WARM_UP_SECONDS, { kills: false });
  const before = await left(pod(0));
  const { ended, rounds } = await churn(SECONDS, { kills: true });
  // A stream may end with its pod, or its player may come before the pod has heard of the publication.
  expect(ended).toBeGreaterThan(rounds * 0.9);
  const after = await left(pod(0));
  expect(after.resources).toBeLessThan(before.resources + 20);
  expect(after.heapMiB).toBeLessThan(before.heapMiB + 40);
});
