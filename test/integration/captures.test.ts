import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { Backend } from '../harness/backend.ts';
import { CaptureProgram, type CaptureSetup } from '../harness/capture-program.ts';
import { descendants } from '../harness/descendants.ts';
import type { TestServer } from '../harness/media-server.ts';
import { RtcClient } from '../harness/rtc-client.ts';
import { TestFleet } from '../harness/test-fleet.ts';
import { until } from '../harness/wait.ts';

let backend: Backend;
let fleet: TestFleet;
let program: CaptureProgram;
const players: RtcClient[] = [];
/** Each test has a capture of its own: one that was ended is refused for a minute. */
let uid: string;
let captures = 0;

beforeAll(async () => {
  backend = await Backend.start();
  fleet = await TestFleet.start(2, { hookUrl: backend.url, mediaServer: { drain: { timeout: '2s' } } });
  program = new CaptureProgram(fleet.captureKey);
});
afterEach(async () => {
  for (const player of players.splice(0)) player.close();
  for (const server of fleet.servers) await server.terminate({}, '?scope=pod');
  backend.answer = () => 200;
  backend.calls.length = 0;
});
afterAll(async () => {
  await program.close();
  await fleet.stop();
  await backend.close();
});

const pod = (index: number): TestServer => {
  const server = fleet.servers[index];
  if (!server) throw new Error(`there is no pod ${index}`);
  return server;
};
const portOf = (index: number): number => fleet.members[index]?.port ?? 0;

/** Captures a camera of this test on a pod. */
function capture(index: number, setup: CaptureSetup = {}) {
  return program.capture(portOf(index), 'gate', { uid, ...setup });
}

/** The status and the reason of a capture that does not start. */
async function refusal(index: number, setup: CaptureSetup = {}) {
  const { problem, status } = await program.publish(portOf(index), 'gate', { uid, ...setup });
  return [status, status === 201 ? '' : JSON.parse(problem).detail];
}

async function play(index: number): Promise<RtcClient> {
  const player = await RtcClient.play(`${pod(index).url}/whep/defaultApp/gate`);
  players.push(player);
  return player;
}

const isLive = async (index: number): Promise<boolean> =>
  (await pod(index).streams()).some(({ published, status }) => published === true && status === 'PUBLISHING');

beforeEach(() => {
  uid = `camera-${++captures}`;
});

describe('a capture', () => {
  it('is published, found, checked and played on any pod, as what it is', async () => {
    const { client } = await capture(0, { provider: 'RTMP' });
    await until('it is live', () => isLive(1));
    for (const index of [0, 1]) {
      const player = await play(index);
      await player.connected();
      await until('packets arrive', () => player.received > 0);
    }
    const { body } = await pod(1).api('/stream/find', { published: true });
    expect(body).toMatchObject([{ name: 'gate', mediaProvider: 'RTMP', mediaType: 'publish', audioCodec: 'opus' }]);
    expect((await pod(1).api('/stream/find', { mediaProvider: 'WebRTC' })).body).toHaveLength(2);
    expect((await pod(1).api('/connection/find_all')).body).toContainEqual(
      expect.objectContaining({ mediaProviders: ['RTMP'] }),
    );
    expect(await pod(0).metric('sluice_sessions', { kind: 'capture' })).toBe(1);
    const check = await backend.waitFor('StreamKeepAliveEvent', ({ body }) => body['published'] === true);
    expect(check.body).toMatchObject({ mediaProvider: 'RTMP', custom: {} });

    expect(await program.end(client)).toBe(200);
    await backend.waitFor('unPublishStream');
    await until('nothing is left', async () => (await pod(0).metric('sluice_sessions')) === 0);
    expect(await program.end(client)).toBe(404);
  });

  it('stays ended after a 403 to a keep-alive, on every pod, until its next generation', async () => {
    const { client, events } = await capture(0);
    backend.refuseKeepAlive(({ name }) => name === 'gate');
    await client.ended();
    await until('its program knows why', () => events().includes('"cause":"keepalive"'));
    backend.answer = () => 200;
    for (const index of [0, 1]) {
      expect(await refusal(index, { epoch: 2 })).toEqual([403, 'Terminated by keep-alive']);
    }
    await (await capture(1, { generation: 2 })).client.connected();
    await until('it is live', () => isLive(0));
  });

  it.each(['connect', 'publishStream'])(
    'is told 403 when the backend refuses %s, and is not asked again',
    async (method) => {
      backend.answer = (call) => (call.method === method ? 403 : 200);
      expect(await refusal(0)).toEqual([403, 'Restricted access']);
      backend.answer = () => 200;
      // Until then the name is in use.
      await until('nothing is left', async () => (await pod(0).metric('sluice_sessions')) === 0);
      expect(await refusal(1)).toEqual([403, 'Restricted access']);
      expect(backend.of(method)).toHaveLength(1);
    },
  );

  type Filter = (stream: Readonly<Record<string, unknown>>) => Readonly<Record<string, unknown>>;
  it.each<[string, Filter]>([
    ['{}', () => ({})],
    ['mediaSessionId', ({ mediaSessionId }) => ({ mediaSessionId })],
    ['mediaSessionIds', ({ mediaSessionId }) => ({ mediaSessionIds: [mediaSessionId] })],
    ['sessionId', ({ sessionId }) => ({ sessionId })],
    ['name', () => ({ name: 'gate' })],
    ['published', () => ({ published: true })],
    ['status', () => ({ status: 'PUBLISHING' })],
    ['appKey', () => ({ appKey: 'defaultApp' })],
    ['mediaProvider', () => ({ mediaProvider: 'RTSP' })],
  ])('is ended by %s, from another pod, and stays ended', async (_what, filter) => {
    const { client, events } = await capture(0);
    await until('it is live', () => isLive(1));
    const [stream = {}] = await pod(1).streams();
    expect((await pod(1).terminate(filter(stream))).status).toBe(200);
    await client.ended();
    await until('its program knows why', () => events().includes('Stopped by rest /terminate'));
    expect(await refusal(0)).toEqual([403, 'Stopped by rest /terminate']);
  });

  it('ends as soon as its program is gone, and may start again', async () => {
    const { client, leave } = await capture(0);
    const again = await program.follow(client.location);
    leave();
    await until('comments come', () => again.events().includes('\n:\n'), { timeoutMs: 7_000 });
    expect(await isLive(0)).toBe(true);
    again.leave();
    await client.ended();
    await until('its cause is known', async () => {
      const { body } = await pod(0).api('/stream/ended');
      return (body as { cause: string }[]).some(({ cause }) => cause === 'disconnect');
    });
    await capture(1);
  });

  it.each([0, 1])('gives its name to a newer attempt and to a newer assignment at once (pod %d)', async (index) => {
    const older = await capture(0, { epoch: 7 });
    await until('it is live', () => isLive(1));
    for (const epoch of [6, 7]) {
      expect(await refusal(index, { epoch })).toEqual([409, 'Stream name is already in use']);
    }
    expect(await refusal(index, { uid: 'other', epoch: 9 })).toEqual([409, 'Stream name is already in use']);
    expect(await isLive(0)).toBe(true);
    const again = await capture(index, { epoch: 7, attempt: 2 });
    expect(again.client.status).toBe(201);
    await older.client.ended();
    const newer = await capture(index, { epoch: 8 });
    expect(newer.client.status).toBe(201);
    await again.client.ended();
    await until('its program knows why', () => again.events().includes('Stream name is already in use'));
    await until('the newer one is live', () => isLive(index));
    expect(newer.client.endedAt).toBeNull();
    await (await play(0)).connected();
  });

  it('tells its program that the worker died', async () => {
    const { events } = await capture(0);
    for (const worker of descendants(pod(0).process.child.pid ?? 0)) process.kill(worker, 'SIGKILL');
    await until('its program knows why', () => events().includes('Failed by worker death'));
    await until('it is captured again', async () => (await refusal(0))[0] === 201);
  });
});

describe('a pod that drains', () => {
  it('tells the programs of its captures, which publish them elsewhere', async () => {
    const draining = await TestFleet.start(2, { mediaServer: { drain: { timeout: '60s' } } });
    const programs = new CaptureProgram(draining.captureKey);
    try {
      const [first = 0, second = 0] = draining.members.map(({ port }) => port);
      const { client, events } = await programs.capture(first, 'gate');
      const viewer = await RtcClient.play(`${draining.pod(0).url}/whep/defaultApp/gate`);
      players.push(viewer);
      draining.pod(0).process.child.kill('SIGTERM');
      await until('its program knows it', () => events().includes('{"sendsAway":true}'), { timeoutMs: 10_000 });
      expect([client.endedAt, viewer.endedAt]).toEqual([null, null]);
      const moved = await programs.capture(second, 'gate', { attempt: 2 });
      expect(moved.client.status).toBe(201);
      await until('the old one has ended', () => events().includes('"cause":"drain"'));
      await viewer.ended();
      // Nothing is left on the old pod, which does not wait any longer.
      await draining.pod(0).process.exited;
      expect(moved.client.endedAt).toBeNull();
    } finally {
      await programs.close();
      await draining.stop();
    }
  });

  it('refuses captures, and hands over those that it has at its timeout', async () => {
    const draining = await TestFleet.start(2, { mediaServer: { drain: { timeout: '2s' } } });
    const programs = new CaptureProgram(draining.captureKey);
    try {
      const [first = 0, second = 0] = draining.members.map(({ port }) => port);
      const { client, events } = await programs.capture(first, 'gate');
      draining.servers[0]?.process.child.kill('SIGTERM');
      await until('it drains', async () => (await programs.publish(first, 'other', { uid: 'other' })).status === 503);
      expect(client.endedAt).toBeNull();
      await until('its program knows why', () => events().includes('Stopped by drain'));
      await draining.servers[0]?.process.exited;
      expect((await programs.capture(second, 'gate', { epoch: 2 })).client.status).toBe(201);
    } finally {
      await programs.close();
      await draining.stop();
    }
  });
});

describe('the answer to a capture', () => {
  it('has the address of the pod, while viewers get the announced one', async () => {
    const announced = { announcedAddress: '192.0.2.1' };
    const nodes = await TestFleet.start(1, { mediaServer: { media: announced } });
    const programs = new CaptureProgram(nodes.captureKey);
    try {
      const { client } = await programs.capture(nodes.members[0]?.port ?? 0, 'gate');
      expect(addressesIn(client.answer)).toEqual(['127.0.0.1']);
      const viewer = await RtcClient.play(`${nodes.servers[0]?.url}/whep/defaultApp/gate`);
      viewer.close();
      expect(addressesIn(viewer.answer)).toEqual(['192.0.2.1']);
    } finally {
      await programs.close();
      await nodes.stop();
    }
  });
});

/** The addresses of the candidates in an answer, each once. */
const addressesIn = (answer: string): string[] => [
  ...new Set([...answer.matchAll(/^a=candidate:\S+ 1 \S+ \d+ (\S+) /gm)].map(([, address = '']) => address)),
];
