<<<<<<< HEAD
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { Backend } from '../harness/backend.ts';
import { shownFrames, startBrowser } from '../harness/browser.ts';
import { CameraNetwork } from '../harness/camera-network.ts';
import { descendants } from '../harness/descendants.ts';
import { TestServer, toYaml } from '../harness/media-server.ts';
import { freePort } from '../harness/ports.ts';
import { RtcClient } from '../harness/rtc-client.ts';
import { RtspCameras } from '../harness/sources.ts';
import { until } from '../harness/wait.ts';

const SLOW = { timeoutMs: 20_000 };
const CREDENTIALS = { username: 'cam', password: 'p@ss:w/ö %41' };

let network: CameraNetwork;
let cameras: RtspCameras;
let backend: Backend;
let server: TestServer;
/** The manifests of the media server without captures. */
let base = '';

beforeAll(async () => {
  network = new CameraNetwork();
  [cameras, backend] = await Promise.all([RtspCameras.start(network), Backend.start()]);
  server = await TestServer.start({
    hookUrl: backend.url,
    args: ['--internal-port', String(await freePort())],
    mediaServer: { capture: { allow: [{ cidr: `${network.address}/32` }] } },
    documents: [{ apiVersion: 'v1', kind: 'Secret', metadata: { name: 'cam' }, stringData: CREDENTIALS }],
  });
  await server.edit((text) => (base = text));
});
afterEach(async () => {
  backend.allowAll();
  await captures();
  await until('nothing is captured', async () => (await server.streams()).length === 0, SLOW);
  backend.calls.length = 0;
});
afterAll(async () => {
  await server?.stop();
  await backend?.close();
  await cameras?.run.stop('SIGKILL');
  network?.remove();
});

const streamCapture = (name: string, spec: object = {}): object => ({
  apiVersion: 'sluice.dev/v1alpha1',
  kind: 'StreamCapture',
  metadata: { name },
  spec: { appRef: { name: 'default' }, name, rtsp: { url: cameras.url('aac') }, ...spec },
});

/** Applies these captures, and no others. */
const captures = (...objects: readonly object[]): Promise<void> =>
  server.edit(() => [base, ...objects.map((object) => toYaml([object]))].join('---\n'));

const publication = async (name: string) => {
  const found = await server.api('/stream/find', { name, published: true });
  return found.status === 200 ? (found.body as Record<string, unknown>[])[0] : undefined;
};
const isLive = async (name: string) => (await publication(name))?.['status'] === 'PUBLISHING';
const captured = (name: string) => until(`${name} is captured`, () => isLive(name), SLOW);
const saidGoodbye = (path: string, times: number) =>
  until(`${path} is left`, () => cameras.count('TEARDOWN', path) === times);

describe('a StreamCapture', () => {
  it('publishes a camera, which WHEP clients and browsers play', async ({ onTestFinished }) => {
    await captures(
      streamCapture('gate', { rtsp: { url: cameras.url('aac', 'digest'), credentialsRef: { name: 'cam' } } }),
    );
    await captured('gate');
    expect(await publication('gate')).toMatchObject({ mediaProvider: 'RTSP', hasVideo: true, hasAudio: true });
    const { body } = await backend.waitFor('publishStream');
    expect(body).toMatchObject({ name: 'gate', mediaProvider: 'RTSP' });
    const player = await RtcClient.play(`${server.url}/whep/defaultApp/gate`);
    await player.connected();
    await until('packets arrive', () => player.received > 50);
    player.close();
    const browser = await startBrowser();
    onTestFinished(() => browser.close());
    const page = await browser.newPage();
    await page.goto(`${server.url}/play?name=gate`);
    await page.getByRole('button', { name: 'Play' }).click();
    await until('the picture moves', async () => (await shownFrames(page)) > 50, SLOW);
  });

  it('leaves its camera, and ends its publication, when it is deleted', async () => {
    await captures(streamCapture('gate', { rtsp: { url: cameras.url('silent') } }));
    await captured('gate');
    const player = await RtcClient.play(`${server.url}/whep/defaultApp/gate`);
    await player.connected();
    const before = cameras.count('TEARDOWN', 'silent');
    await captures();
    await saidGoodbye('silent', before + 1);
    await player.ended();
    const { body } = await backend.waitFor('unPublishStream');
    expect(body).toMatchObject({ name: 'gate', info: 'Stopped by user' });
  });

  it('is tried again while its camera refuses the password, and is said to be refused', async () => {
    const url = cameras.url('aac', 'basic');
    await captures(streamCapture('gate', { rtsp: { url } }));
    await until('it is told', () => server.log.some(({ reason }) => reason === 'unauthorized'), SLOW);
    expect(await isLive('gate')).toBe(false);
    expect(JSON.stringify(server.log)).not.toContain('p@ss');
  });
});

describe('a captured stream', () => {
  const endings: [string, () => Promise<unknown>][] = [
    ['a 403', async () => backend.refuseKeepAlive(({ name }) => name === 'gate')],
    ['its name', () => server.terminate({ name: 'gate', published: true })],
    ['its provider', () => server.terminate({ mediaProvider: 'RTSP' })],
    ['an empty filter', () => server.terminate({})],
  ];
  it.each(endings)('that %s ends stays ended, and the camera is left', async (_what, end) => {
    const path = 'stopped';
    const before = cameras.count('TEARDOWN', path);
    await captures(streamCapture('gate', { rtsp: { url: cameras.url(path) } }));
    await captured('gate');
    await end();
    await saidGoodbye(path, before + 1);
    backend.allowAll();
    // Longer than three intervals of keep-alive, and than the first attempts of a camera that was lost.
    await sleep(4_000);
    expect(await isLive('gate')).toBe(false);
    expect(cameras.count('TEARDOWN', path)).toBe(before + 1);
    // Somebody wants it again.
    await captures(streamCapture('gate', { rtsp: { url: cameras.url(path) }, stallTimeout: '9s' }));
    await captured('gate');
  });

  it('goes on in the same session after its camera was away for a moment', async () => {
    await captures(streamCapture('gate', { rtsp: { url: cameras.url('short') } }));
    await captured('gate');
    const id = (await publication('gate'))?.['mediaSessionId'];
    const player = await RtcClient.play(`${server.url}/whep/defaultApp/gate`);
    await player.connected();
    // The camera ends after two seconds, and is connected to again.
    await until('it has ended', () => server.log.some(({ reason }) => reason === 'endOfStream'), SLOW);
    const { received } = player;
    await until('packets arrive again', () => player.received > received + 20, SLOW);
    expect((await publication('gate'))?.['mediaSessionId']).toBe(id);
    expect(player.state).toBe('connected');
    player.close();
  });

  it('is published again after the program of captures was killed', async () => {
    await captures(streamCapture('gate', { rtsp: { url: cameras.url('pcmu') } }));
    await captured('gate');
    const id = (await publication('gate'))?.['mediaSessionId'];
    const pid = server.process.child.pid ?? 0;
    const program = descendants(pid).find((each) => commandOf(each).includes('capture/main.ts'));
    process.kill(program ?? 0, 'SIGKILL');
    await until(
      'another one is live',
      async () => {
        const now = await publication('gate');
        return now?.['status'] === 'PUBLISHING' && now['mediaSessionId'] !== id;
      },
      SLOW,
    );
  });
});

const commandOf = (pid: number): string => readFileSync(`/proc/${pid}/cmdline`, 'utf8');
=======
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

  it.each([0, 1])('gives its name to a newer assignment at once (pod %d)', async (index) => {
    const older = await capture(0, { epoch: 7 });
    await until('it is live', () => isLive(1));
    for (const epoch of [6, 7]) {
      expect(await refusal(index, { epoch })).toEqual([409, 'Stream name is already in use']);
    }
    expect(await refusal(index, { uid: 'other', epoch: 9 })).toEqual([409, 'Stream name is already in use']);
    expect(await isLive(0)).toBe(true);
    const newer = await capture(index, { epoch: 8 });
    expect(newer.client.status).toBe(201);
    await older.client.ended();
    await until('its program knows why', () => older.events().includes('Stream name is already in use'));
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
>>>>>>> captureroute
