import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { Backend } from '../harness/backend.ts';
import { startBrowser } from '../harness/browser.ts';
import { CameraNetwork } from '../harness/camera-network.ts';
import { descendants, isAlive } from '../harness/descendants.ts';
import { TestServer, toYaml } from '../harness/media-server.ts';
import { openPlayer } from '../harness/player-page.ts';
import { freePort } from '../harness/ports.ts';
import { RtcClient } from '../harness/rtc-client.ts';
import { RtspCameras } from '../harness/sources.ts';
import { type ApplyCaptures, capturesIn, streamCapture } from '../harness/stream-captures.ts';
import { until } from '../harness/wait.ts';

const SLOW = { timeoutMs: 20_000 };
const CREDENTIALS = { username: 'cam', password: 'p@ss:w/ö %41' };

/** That password as it is, in a URL, and with its user in a header of Basic. */
const PASSWORD = /p@ss:w|p%40ss|Y2FtOnBAc3M/;

let network: CameraNetwork;
let cameras: RtspCameras;
let backend: Backend;
let server: TestServer;
let captures: ApplyCaptures;

beforeAll(async () => {
  network = new CameraNetwork();
  [cameras, backend] = await Promise.all([RtspCameras.start(network), Backend.start()]);
  server = await TestServer.start({
    hookUrl: backend.url,
    args: ['--internal-port', String(await freePort())],
    mediaServer: { capture: { allow: [{ cidr: `${network.address}/32` }] } },
    documents: [{ apiVersion: 'v1', kind: 'Secret', metadata: { name: 'cam' }, stringData: CREDENTIALS }],
  });
  captures = await capturesIn(server);
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
    await openPlayer(browser, server.url, 'gate');
    const metrics = await (await fetch(`${server.opsUrl}/metrics`)).text();
    const programs = descendants(server.process.child.pid ?? 0);
    const shown = programs.flatMap((pid) => [commandOf(pid), readFileSync(`/proc/${pid}/environ`, 'utf8')]);
    expect(shown.filter((each) => each.startsWith('sluice-sources\0--capture')).length).toBe(1);
    for (const text of [...server.process.lines, metrics, ...shown]) expect(text).not.toMatch(PASSWORD);
  });

  it('leaves nothing behind, however often it is applied and deleted', { timeout: 120_000 }, async () => {
    const names = Array.from({ length: 10 }, (_each, index) => `gate${index}`);
    const counts = () => (['PLAY', 'TEARDOWN'] as const).map((method) => cameras.count(method, 'applied'));
    const before = counts();
    const round = async (): Promise<void> => {
      await captures(...names.map((name) => streamCapture(name, { rtsp: { url: cameras.url('applied') } })));
      for (const name of names) await captured(name);
      await captures();
      await until('nothing is captured', async () => (await server.streams()).length === 0, SLOW);
    };
    // What is made once stays: connections, buffers of the media server.
    await round();
    const isCapture = ({ command }: { command: string }): boolean => command === 'sluice-sources\0--capture\0';
    await until('the sources have ended', () => !programsOf(server).some(isCapture));
    const idle = programsOf(server);
    for (let rounds = 0; rounds < 4; rounds += 1) await round();
    const after = before.map((count) => count + 50);
    await until('the cameras are left', () => isDeepStrictEqual(counts(), after)).catch(() =>
      expect(counts()).toEqual(after),
    );
    const pids = (programs: ReturnType<typeof programsOf>): number[] => programs.map(({ pid }) => pid);
    // Forty captures have come and gone: less than one file for each.
    const isIdle = (): boolean => {
      const now = programsOf(server);
      return (
        isDeepStrictEqual(pids(now), pids(idle)) &&
        now.every(({ files }, index) => files < (idle[index]?.files ?? 0) + 10)
      );
    };
    await until('programs and open files are as before', isIdle, SLOW).catch(() =>
      expect(programsOf(server)).toEqual(idle),
    );
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
    expect(JSON.stringify(server.log)).not.toMatch(PASSWORD);
  });
});

describe('a captured stream', () => {
  // One that was ended is refused for a minute, so each has a name of its own.
  const endings: [string, string, () => Promise<unknown>][] = [
    ['a 403', 'checked', async () => backend.refuseKeepAlive(({ name }) => name === 'checked')],
    ['its name', 'named', () => server.terminate({ name: 'named', published: true })],
    ['its provider', 'provided', () => server.terminate({ mediaProvider: 'RTSP' })],
    ['an empty filter', 'any', () => server.terminate({})],
  ];
  it.each(endings)('that %s ends stays ended, and the camera is left', async (_what, name, end) => {
    const path = 'stopped';
    const before = cameras.count('TEARDOWN', path);
    await captures(streamCapture(name, { rtsp: { url: cameras.url(path) } }));
    await captured(name);
    await end();
    await saidGoodbye(path, before + 1);
    backend.allowAll();
    // Longer than three intervals of keep-alive, and than the first attempts of a camera that was lost.
    await sleep(4_000);
    expect(await isLive(name)).toBe(false);
    expect(cameras.count('TEARDOWN', path)).toBe(before + 1);
    // Somebody wants it again.
    await captures(streamCapture(name, { rtsp: { url: cameras.url(path) }, stallTimeout: '9s' }));
    await captured(name);
    await captures();
    await saidGoodbye(path, before + 2);
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

  it('is left when the media server is killed', async () => {
    const other = await TestServer.start({
      args: ['--internal-port', String(await freePort())],
      mediaServer: { capture: { allow: [{ cidr: `${network.address}/32` }] } },
    });
    await other.edit((text) =>
      [text, toYaml([streamCapture('gate', { rtsp: { url: cameras.url('killed') } })])].join('---\n'),
    );
    await until('it is captured', () => cameras.count('PLAY', 'killed') === 1, SLOW);
    const programs = descendants(other.process.child.pid ?? 0);
    await other.stop('SIGKILL');
    await saidGoodbye('killed', 1);
    await until('no program is left', () => !programs.some(isAlive));
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

/** All programs of a media server, with the numbers of their open files. */
const programsOf = ({ process }: TestServer) =>
  [process.child.pid ?? 0, ...descendants(process.child.pid ?? 0)].map((pid) => ({
    pid,
    command: commandOf(pid),
    files: readdirSync(`/proc/${pid}/fd`).length,
  }));

const commandOf = (pid: number): string => readFileSync(`/proc/${pid}/cmdline`, 'utf8');
