import { readFile } from 'node:fs/promises';
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
/** Of this file alone: other fleets of the machine use the default. */
const PIPE_PORTS = { port: 19_300, endPort: 19_331 };

let fleet: TestFleet;

beforeAll(async () => {
  fleet = await TestFleet.start(PODS, { mediaServer: { media: { cascade: { after: 1 }, pipePorts: PIPE_PORTS } } });
});
afterAll(() => fleet.stop());

const pod = (index: number): TestServer => {
  const server = fleet.servers[index % PODS];
  if (!server) throw new Error('there is no pod');
  return server;
};

type Done = { rounds: number; ended: number; pipes: number };

/**
 * Publishes through one pod, plays through the two others, and ends all through the last. The first player is served by
 * the pod of the publisher, the second one through a pipe.
 */
async function round(index: number): Promise<Done> {
  const name = `soak-${index}`;
  const publisher = await RtcClient.publish(`${pod(index).url}/whip/defaultApp/${name}`);
  if (publisher.status === 201) await publisher.connected();
  const players = [await play(index + 1, name), await play(index + 2, name)];
  const pipes = await pod(index).metric('sluice_pipes', { direction: 'out' });
  const { body } = await pod(index + 2).terminate({ name });
  for (const client of [publisher, ...players]) client.close();
  return { rounds: 1, ended: (body as { terminated: number }).terminated, pipes };
}

const play = (index: number, name: string): Promise<RtcClient> =>
  RtcClient.play(`${pod(index).url}/whep/defaultApp/${name}`);

async function churn(seconds: number, { kills }: { kills: boolean }): Promise<Done> {
  const until = performance.now() + seconds * 1_000;
  let killAt = performance.now() + KILL_EVERY_SECONDS * 1_000;
  const done = { rounds: 0, ended: 0, pipes: 0 };
  while (performance.now() < until) {
    if (kills && performance.now() > killAt) {
      await pod(PODS - 1).stop('SIGKILL');
      await fleet.restart(PODS - 1);
      killAt = performance.now() + KILL_EVERY_SECONDS * 1_000;
    }
    const { ended, pipes } = await round(done.rounds++);
    done.ended += ended;
    done.pipes += pipes;
  }
  return done;
}

/** UDP sockets of all pods on ports for pipes (proc(5), `/proc/net/udp`). */
async function openPipePorts(): Promise<number> {
  const [, ...sockets] = (await readFile('/proc/net/udp', 'utf8')).trim().split('\n');
  const ports = sockets.map((line) => Number.parseInt(/^\s*\d+: \w+:(\w+)/.exec(line)?.[1] ?? '', 16));
  return ports.filter((port) => port >= PIPE_PORTS.port && port <= PIPE_PORTS.endPort).length;
}

/** What grows if something is left behind on a pod that is never killed. */
async function left(server: TestServer): Promise<{ resources: number; heapMiB: number }> {
  await until('no stream is left', async () => (await server.api('/stream/find_all')).status === 404);
  await until('no transport is left', async () => (await server.metric('sluice_worker_transports')) === 0);
  await until('no pipe is left', async () => (await server.metric('sluice_pipes')) === 0, { timeoutMs: 20_000 });
  await until('no port of a pipe is open', async () => (await openPipePorts()) === 0, { timeoutMs: 20_000 });
  const heap = await server.metric('nodejs_heap_size_used_bytes');
  return { resources: await server.metric('nodejs_active_resources'), heapMiB: heap / 1024 / 1024 };
}

it('joins, plays, kicks and killed pods leave nothing behind', { timeout: (SECONDS + 120) * 1_000 }, async () => {
  await churn(WARM_UP_SECONDS, { kills: false });
  const before = await left(pod(0));
  const { ended, pipes, rounds } = await churn(SECONDS, { kills: true });
  // A stream may end with its pod, or a player may come before its pod has heard of the publication.
  expect(ended).toBeGreaterThan(rounds * 2);
  expect(pipes).toBeGreaterThan(rounds / 2);
  const after = await left(pod(0));
  expect(after.resources).toBeLessThan(before.resources + 20);
  expect(after.heapMiB).toBeLessThan(before.heapMiB + 80);
});
