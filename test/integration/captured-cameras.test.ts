import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { Backend } from '../harness/backend.ts';
import { startBrowser } from '../harness/browser.ts';
import { CameraSite } from '../harness/camera-site.ts';
import { descendants, isAlive } from '../harness/descendants.ts';
import { TestServer, toYaml } from '../harness/media-server.ts';
import { openPlayer } from '../harness/player-page.ts';
import { freePort } from '../harness/ports.ts';
import { RtcClient } from '../harness/rtc-client.ts';
import { CREDENTIALS, SHOWN_PASSWORD } from '../harness/sources.ts';
import { streamCapture } from '../harness/stream-captures.ts';
import { until } from '../harness/wait.ts';

const SLOW = { timeoutMs: 20_000 };

const SECRET = { username: CREDENTIALS.user, password: CREDENTIALS.password };

let backend: Backend;
let site: CameraSite;

beforeAll(async () => {
  backend = await Backend.start();
  site = await CameraSite.start({
    hookUrl: backend.url,
    documents: [{ apiVersion: 'v1', kind: 'Secret', metadata: { name: 'cam' }, stringData: SECRET }],
  });
});
afterEach(async () => {
  backend.allowAll();
  await site.clear();
  backend.calls.length = 0;
});
afterAll(async () => {
  await site?.stop();
  await backend?.close();
});

const publication = async (name: string) => {
  const found = await site.server.api('/stream/find', { name, published: true });
  return found.status === 200 ? (found.body as Record<string, unknown>[])[0] : undefined;
};
describe('a StreamCapture', () => {
  it('publishes a camera, which WHEP clients and browsers play', async ({ onTestFinished }) => {
    await site.apply(
      streamCapture('gate', { rtsp: { url: site.cameras.url('aac', 'digest'), credentialsRef: { name: 'cam' } } }),
    );
    await site.captured('gate');
    expect(await publication('gate')).toMatchObject({ mediaProvider: 'RTSP', hasVideo: true, hasAudio: true });
    const { body } = await backend.waitFor('publishStream');
    expect(body).toMatchObject({ name: 'gate', mediaProvider: 'RTSP' });
    const player = await RtcClient.play(`${site.server.url}/whep/defaultApp/gate`);
    await player.connected();
    await until('packets arrive', () => player.received > 50);
    player.close();
    const browser = await startBrowser();
    onTestFinished(() => browser.close());
    await openPlayer(browser, site.server.url, 'gate');
    const metrics = await (await fetch(`${site.server.opsUrl}/metrics`)).text();
    const programs = descendants(site.server.process.child.pid ?? 0);
    const shown = programs.flatMap((pid) => [commandOf(pid), readFileSync(`/proc/${pid}/environ`, 'utf8')]);
    expect(shown.filter((each) => each.startsWith('sluice-sources\0--capture')).length).toBe(1);
    for (const text of [...site.server.process.lines, metrics, ...shown]) expect(text).not.toMatch(SHOWN_PASSWORD);
  });

  it('leaves nothing behind, however often it is applied and deleted', { timeout: 120_000 }, async () => {
    const names = Array.from({ length: 10 }, (_each, index) => `gate${index}`);
    const counts = () => (['PLAY', 'TEARDOWN'] as const).map((method) => site.cameras.count(method, 'applied'));
    const before = counts();
    const round = async (): Promise<void> => {
      await site.apply(...names.map((name) => streamCapture(name, { rtsp: { url: site.cameras.url('applied') } })));
      for (const name of names) await site.captured(name);
      await site.apply();
      await until('nothing is captured', async () => (await site.server.streams()).length === 0, SLOW);
    };
    // What is made once stays: connections, buffers of the media server.
    await round();
    const isCapture = ({ command }: { command: string }): boolean => command === 'sluice-sources\0--capture\0';
    await until('the sources have ended', () => !programsOf(site.server).some(isCapture));
    const idle = programsOf(site.server);
    for (let rounds = 0; rounds < 4; rounds += 1) await round();
    const after = before.map((count) => count + 50);
    await until('the cameras are left', () => isDeepStrictEqual(counts(), after)).catch(() =>
      expect(counts()).toEqual(after),
    );
    const pids = (programs: ReturnType<typeof programsOf>): number[] => programs.map(({ pid }) => pid);
    // Forty captures have come and gone: less than one file for each.
    const isIdle = (): boolean => {
      const now = programsOf(site.server);
      return (
        isDeepStrictEqual(pids(now), pids(idle)) &&
        now.every(({ files }, index) => files < (idle[index]?.files ?? 0) + 10)
      );
    };
    await until('programs and open files are as before', isIdle, SLOW).catch(() => {
      throw new Error(`left behind: ${JSON.stringify(programsOf(site.server))}; before: ${JSON.stringify(idle)}`);
    });
  });

  it('leaves its camera, and ends its publication, when it is deleted', async () => {
    await site.apply(streamCapture('gate', { rtsp: { url: site.cameras.url('silent') } }));
    await site.captured('gate');
    const player = await RtcClient.play(`${site.server.url}/whep/defaultApp/gate`);
    await player.connected();
    const before = site.cameras.count('TEARDOWN', 'silent');
    await site.apply();
    await site.left('silent', before + 1);
    await player.ended();
    const { body } = await backend.waitFor('unPublishStream');
    expect(body).toMatchObject({ name: 'gate', info: 'Stopped by user' });
  });

  it('is tried again while its camera refuses the password, and is said to be refused', async () => {
    const url = site.cameras.url('aac', 'basic');
    await site.apply(streamCapture('gate', { rtsp: { url } }));
    await until('it is told', () => site.server.log.some(({ reason }) => reason === 'unauthorized'), SLOW);
    expect(await site.isLive('gate')).toBe(false);
    expect(JSON.stringify(site.server.log)).not.toMatch(SHOWN_PASSWORD);
  });
});

describe('a captured stream', () => {
  // One that was ended is refused for a minute, so each has a name of its own.
  const endings: [string, string, () => Promise<unknown>][] = [
    ['a 403', 'checked', async () => backend.refuseKeepAlive(({ name }) => name === 'checked')],
    ['its name', 'named', () => site.server.terminate({ name: 'named', published: true })],
    ['its provider', 'provided', () => site.server.terminate({ mediaProvider: 'RTSP' })],
    ['an empty filter', 'any', () => site.server.terminate({})],
  ];
  it.each(endings)('that %s ends stays ended, and the camera is left', async (_what, name, end) => {
    const path = 'stopped';
    const before = site.cameras.count('TEARDOWN', path);
    await site.apply(streamCapture(name, { rtsp: { url: site.cameras.url(path) } }));
    await site.captured(name);
    await end();
    await site.left(path, before + 1);
    backend.allowAll();
    // Longer than three intervals of keep-alive, and than the first attempts of a camera that was lost.
    await sleep(4_000);
    expect(await site.isLive(name)).toBe(false);
    expect(site.cameras.count('TEARDOWN', path)).toBe(before + 1);
    // Somebody wants it again.
    await site.apply(streamCapture(name, { rtsp: { url: site.cameras.url(path) }, stallTimeout: '9s' }));
    await site.captured(name);
    await site.apply();
    await site.left(path, before + 2);
  });

  it('goes on in the same session after its camera was away for a moment', async () => {
    await site.apply(streamCapture('gate', { rtsp: { url: site.cameras.url('short') } }));
    await site.captured('gate');
    const id = (await publication('gate'))?.['mediaSessionId'];
    const player = await RtcClient.play(`${site.server.url}/whep/defaultApp/gate`);
    await player.connected();
    // The camera ends after two seconds, and is connected to again.
    await until('it has ended', () => site.server.log.some(({ reason }) => reason === 'endOfStream'), SLOW);
    const { received } = player;
    await until('packets arrive again', () => player.received > received + 20, SLOW);
    expect((await publication('gate'))?.['mediaSessionId']).toBe(id);
    expect(player.state).toBe('connected');
    player.close();
  });

  it('goes on when another network is allowed', async () => {
    const { here } = site.network;
    const gate = streamCapture('gate', { rtsp: { url: site.cameras.url('silent') } });
    // Nothing listens there.
    await site.apply(gate, streamCapture('yard', { rtsp: { url: `rtsp://${here}:9/x` } }));
    await site.captured('gate');
    const [before, goodbyes] = [await publication('gate'), site.cameras.count('TEARDOWN', 'silent')];
    await site.server.edit((text) => text.replace(/^( *)- cidr: .*$/m, `$&\n$1- cidr: ${here}/32`));
    const isTried = () => site.server.log.some(({ name, reason }) => name === 'yard' && reason === 'unreachable');
    await until('the other one is tried', isTried, SLOW);
    expect((await publication('gate'))?.['mediaSessionId']).toBe(before?.['mediaSessionId']);
    expect(site.cameras.count('TEARDOWN', 'silent')).toBe(goodbyes);
  });

  it('is left when the media server is killed', async () => {
    const other = await TestServer.start({
      args: ['--internal-port', String(await freePort())],
      mediaServer: { capture: { allow: [{ cidr: `${site.network.address}/32` }] } },
    });
    await other.edit((text) =>
      [text, toYaml([streamCapture('gate', { rtsp: { url: site.cameras.url('killed') } })])].join('---\n'),
    );
    await until('it is captured', () => site.cameras.count('PLAY', 'killed') === 1, SLOW);
    const programs = descendants(other.process.child.pid ?? 0);
    await other.stop('SIGKILL');
    await site.left('killed', 1);
    await until('no program is left', () => !programs.some(isAlive));
  });

  it('is published again after the program of captures was killed', async () => {
    await site.apply(streamCapture('gate', { rtsp: { url: site.cameras.url('pcmu') } }));
    await site.captured('gate');
    const id = (await publication('gate'))?.['mediaSessionId'];
    const pid = site.server.process.child.pid ?? 0;
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

/**
 * All programs of a media server, with their states and the numbers of their open files. A program that ends during the
 * scan is left out.
 */
const programsOf = ({ process }: TestServer) =>
  [process.child.pid ?? 0, ...descendants(process.child.pid ?? 0)].flatMap((pid) => {
    try {
      return [{ pid, command: commandOf(pid), state: stateOf(pid), files: readdirSync(`/proc/${pid}/fd`).length }];
    } catch {
      return [];
    }
  });

const stateOf = (pid: number): string =>
  /^State:\s*(.*)$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? '';

const commandOf = (pid: number): string => readFileSync(`/proc/${pid}/cmdline`, 'utf8');
