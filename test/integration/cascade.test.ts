import { setTimeout } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { TestServer } from '../harness/media-server.ts';
import { RtcClient } from '../harness/rtc-client.ts';
import { TestFleet } from '../harness/test-fleet.ts';
import { until } from '../harness/wait.ts';

let fleet: TestFleet;
const clients: RtcClient[] = [];

beforeAll(async () => {
  fleet = await TestFleet.start(3, { mediaServer: { media: { cascade: { after: 2 } } } });
});
afterEach(async () => {
  for (const client of clients.splice(0)) client.close();
  for (const server of fleet.servers) await server.terminate({}, '?scope=pod');
});
afterAll(() => fleet.stop());

const pod = (index: number): TestServer => {
  const server = fleet.servers[index];
  if (!server) throw new Error(`there is no pod ${index}`);
  return server;
};

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
  for (;;) {
    const player = await play(index, name);
    if (player.status === 201) return player;
    await setTimeout(20);
  }
}

/** Numbers of playbacks by pod. */
async function playbacks(): Promise<number[]> {
  const counts = fleet.servers.map(async (server) => {
    const { body, status } = await server.api('/stream/find?scope=pod', { published: false });
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
});
