import { createSocket, type Socket } from 'node:dgram';
import { setTimeout } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import type { TestServer } from '../harness/media-server.ts';
import { RtcClient } from '../harness/rtc-client.ts';
import { TestFleet } from '../harness/test-fleet.ts';
import { until } from '../harness/wait.ts';

let fleet: TestFleet;
const clients: RtcClient[] = [];

/** Of this file alone: other fleets of the machine use the default. */
const PIPE_PORTS = { port: 19_200, endPort: 19_203 };

beforeAll(async () => {
  fleet = await TestFleet.start(3, { mediaServer: { media: { cascade: { after: 2 }, pipePorts: PIPE_PORTS } } });
});
afterEach(async () => {
  for (const client of clients.splice(0)) client.close();
  for (const server of fleet.servers) await server.terminate({}, '?scope=pod');
});
afterAll(() => fleet.stop());

const pod = (index: number): TestServer => fleet.pod(index);

async function publish(index: number, name: string): Promise<RtcClient> {
  const client = await RtcClient.publish(`${pod(index).url}/whip/defaultApp/${name}`);
  clients.push(client);
  if (client.status === 201) await client.connected();
  return client;
}

async function play(index: number, name: string): Promise<RtcClient> {
  const client = await RtcClient.play(`${pod(index).url}/whep/defaultApp/${name}`);
  clients.push(client);
  if (client.status === 201) await client.connected();
  return client;
}

/** Another pod learns a moment later that a publication is live. */
async function playSoon(index: number, name: string): Promise<RtcClient> {
  return until(`pod ${index} plays`, async () => {
    const player = await play(index, name);
    return player.status === 201 ? player : null;
  });
}

/** Opens a socket on every port that is free. */
async function occupy({ endPort, port }: { port: number; endPort: number }): Promise<Socket[]> {
  const sockets: Socket[] = [];
  for (let each = port; each <= endPort; each++) {
    const socket = createSocket('udp4').on('error', () => undefined);
    socket.bind(each, '127.0.0.1');
    sockets.push(socket);
  }
  await setTimeout(50);
  return sockets;
}

/** A stream of pod 0 with more viewers than it serves alone: the last one is on pod 1. */
async function crowd(): Promise<void> {
  await publish(0, 'a');
  await playSoon(1, 'a');
  await play(1, 'a');
  await play(1, 'a');
  expect(await playbacks()).toEqual([2, 1, 0]);
}

/** Numbers of publications that a pod receives from others and sends to others. */
async function pipes(index: number): Promise<{ in: number; out: number }> {
  const count = (direction: string): Promise<number> => pod(index).metric('sluice_pipes', { direction });
  return { in: await count('in'), out: await count('out') };
}

/** Numbers of playbacks by pod. */
async function playbacks(indexes: readonly number[] = [0, 1, 2]): Promise<number[]> {
  const counts = indexes.map(async (index) => {
    const { body, status } = await pod(index).api('/stream/find?scope=pod', { published: false });
    return status === 200 ? (body as unknown[]).length : 0;
  });
  return Promise.all(counts);
}

describe('a stream with many viewers', () => {
  it('is served by the pods that they reach, once its holder serves enough', async () => {
    await publish(0, 'a');
    await playSoon(1, 'a');
    await play(1, 'a');
    expect(await playbacks()).toEqual([2, 0, 0]);
    const viewers = [await play(1, 'a'), await play(1, 'a'), await play(2, 'a'), await play(0, 'a')];
    expect(viewers.map(({ status }) => status)).toEqual([201, 201, 201, 201]);
    expect(await playbacks()).toEqual([3, 2, 1]);
    await until('packets arrive', () => viewers.every(({ received }) => received > 0));
    const { body } = await pod(1).terminate({ name: 'a', published: true });
    expect(body).toMatchObject({ matched: 1, terminated: 1 });
    await Promise.all(clients.map((client) => client.status === 201 && client.ended()));
    expect(await playbacks()).toEqual([0, 0, 0]);
  });

  it('is fetched once by each pod, and no longer when nobody plays it there', async () => {
    await publish(0, 'a');
    await playSoon(1, 'a');
    await play(1, 'a');
    const viewers = await Promise.all([play(1, 'a'), play(1, 'a'), play(1, 'a')]);
    expect([await pipes(0), await pipes(1)]).toEqual([
      { in: 0, out: 1 },
      { in: 1, out: 0 },
    ]);
    for (const viewer of viewers) await fetch(viewer.location, { method: 'DELETE' });
    await until('the pipe is closed', async () => (await pipes(0)).out === 0, { timeoutMs: 15_000 });
    expect(await pipes(1)).toEqual({ in: 0, out: 0 });
    expect(await playbacks()).toEqual([2, 0, 0]);
  });

  it('ends on every pod, or the answer names the pod that could not be told', async () => {
    await crowd();
    pod(1).process.child.kill('SIGSTOP');
    onTestFinished(() => void pod(1).process.child.kill('SIGCONT'));
    const { body, status } = await pod(2).terminate({ name: 'a', published: true });
    expect(status).toBe(503);
    expect(body).toMatchObject({
      pods: expect.arrayContaining([
        expect.objectContaining({
          pod: 'pod-0',
          error: 'pod-1 did not confirm that its viewers were told',
        }),
        expect.objectContaining({ pod: 'pod-1', error: expect.any(String) }),
      ]),
    });
    pod(1).process.child.kill('SIGCONT');
    await until('nothing is played', async () => (await pod(2).api('/stream/find', {})).status === 404);
  });

  it('ends for the viewers of other pods when its holder is killed', async () => {
    await crowd();
    await pod(0).stop('SIGKILL');
    await until('the playbacks end', async () => (await playbacks([1]))[0] === 0);
    const { body } = await pod(1).api('/stream/ended?scope=pod');
    expect(body).toEqual(expect.arrayContaining([expect.objectContaining({ name: 'a', cause: 'publisher_gone' })]));
    await fleet.restart(0);
  });

  it('is no longer sent to a pod that is killed', async () => {
    await crowd();
    await pod(1).stop('SIGKILL');
    await until('the pipe is closed', async () => (await pipes(0)).out === 0);
    await fleet.restart(1);
    await publish(0, 'b');
    expect((await playSoon(1, 'b')).status).toBe(201);
  });

  it('is served by its holder for a pod that cannot fetch it', async () => {
    await publish(0, 'a');
    await playSoon(1, 'a');
    await play(1, 'a');
    const sockets = await occupy(PIPE_PORTS);
    try {
      const viewer = await play(2, 'a');
      expect([viewer.status, viewer.problem]).toEqual([
        503,
        expect.stringContaining('the publication is on another pod, and cannot be fetched'),
      ]);
      expect(await pod(2).metric('sluice_pipe_failures_total')).toBe(1);
      expect((await play(2, 'a')).status).toBe(201);
      expect(await playbacks()).toEqual([3, 0, 0]);
    } finally {
      for (const socket of sockets) socket.close();
    }
  });

  it('is served by other pods while its holder drains', async () => {
    await publish(2, 'kept');
    pod(2).process.child.kill('SIGTERM');
    await until('it drains', async () => !(await fetch(`${pod(2).opsUrl}/readyz`)).ok);
    await playSoon(1, 'kept');
    expect(await playbacks()).toEqual([0, 1, 0]);
    await pod(0).terminate({});
    await pod(2).process.exited;
    await fleet.restart(2);
  });
});
