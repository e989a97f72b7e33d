import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { capturePush } from '../../crds/render/capture-order.ts';
import { formatFleetKey } from '../../crds/render/fleet-key.ts';
import type { CaptureReport, CaptureState } from '../../crds/schema/capture-messages.ts';
import { CaptureClient } from '../../operator/pods/capture-client.ts';
import { captureOrder } from '../builders/capture-stage.ts';
import { CameraNetwork } from '../harness/camera-network.ts';
import { freePort } from '../harness/ports.ts';
import { type RunningProcess, startProcess } from '../harness/processes.ts';
import { RtcClient } from '../harness/rtc-client.ts';
import { RtspCameras, Sources } from '../harness/sources.ts';
import { TestFleet } from '../harness/test-fleet.ts';
import { until } from '../harness/wait.ts';

const SLOW = { timeoutMs: 20_000 };

let network: CameraNetwork;
let cameras: RtspCameras;
let fleet: TestFleet;
let sources: Sources;
let folder: string;
let programs: { readonly run: RunningProcess; readonly port: number }[];
let operator: CaptureClient;

beforeAll(async () => {
  network = new CameraNetwork();
  folder = await mkdtemp(join(tmpdir(), 'sluice-programs-'));
  [cameras, fleet, sources] = await Promise.all([RtspCameras.start(network), TestFleet.start(2), Sources.start()]);
  await writeFile(join(folder, 'capture.key'), formatFleetKey(fleet.captureKey), { mode: 0o600 });
  programs = await Promise.all([startProgram('one'), startProgram('two')]);
  operator = new CaptureClient(fleet.captureKey);
});
afterAll(async () => {
  await operator?.close();
  await Promise.all((programs ?? []).map(({ run }) => run.stop()));
  await sources?.stop();
  await fleet?.stop();
  await cameras?.run.stop('SIGKILL');
  network?.remove();
  await rm(folder, { recursive: true, force: true });
});

/** A program of a capture pod, without captures. */
async function startProgram(podName: string) {
  const [port, ops] = [await freePort(), await freePort()];
  const args = ['--sources', sources.socket, '--capture-key', join(folder, 'capture.key'), '--ops-port', `${ops}`];
  const listening = ['--internal-port', `${port}`, '--listen-address', '127.0.0.1'];
  const options = { env: { POD_NAME: podName } };
  const run = startProcess(process.execPath, ['media-server/capture/main.ts', ...args, ...listening], options);
  await until('the program is ready', () => run.lines.some((line) => line.includes('ready to capture')), SLOW);
  return { run, port };
}

const reach = (index: number) => ({ address: '127.0.0.1', internalPort: programs[index]?.port ?? 0 });

/** Gives a capture to one program, or to none, as the operator does. */
async function assign(index: number, epoch: number | null): Promise<CaptureReport> {
  const { address } = network;
  const source = { kind: 'rtsp' as const, url: cameras.url('pcmu'), transport: 'TCP' as const };
  const order = captureOrder({ mode: 'OnDemand', idleTimeoutMs: 1_000, source, allow: [{ cidr: `${address}/32` }] });
  const captures = epoch === null ? [] : [{ ...order, epoch }];
  const mediaPods = fleet.members.map(({ address, pod, port }) => ({ pod, address, port }));
  return operator.push(reach(index), capturePush({ mediaPods, captures }));
}

const state = async (index: number): Promise<CaptureState | undefined> =>
  (await operator.report(reach(index))).captures[0];
const play = (index: number): Promise<RtcClient> => RtcClient.play(`${fleet.pod(index).url}/whep/defaultApp/gate3`);

async function playSoon(index: number): Promise<RtcClient> {
  return until('it can be played', async () => {
    const player = await play(index);
    return player.status === 201 ? player : null;
  });
}

async function leave(player: RtcClient): Promise<void> {
  await fetch(player.location, { method: 'DELETE' });
  player.close();
}

it('a capture is started once by viewers of all pods, and goes on while any of them plays it', async () => {
  const left = cameras.count('TEARDOWN', 'pcmu');
  await assign(0, 1);
  const first = await playSoon(0);
  const players = await Promise.all([play(0), play(1), play(1)]);
  expect(players.map(({ status }) => status)).toEqual([201, 201, 201]);
  for (const player of [first, ...players]) {
    await player.connected();
    await until('packets arrive', () => player.received > 10, SLOW);
  }
  expect(await state(0)).toMatchObject({ reason: 'Connected' });
  const [, other = first] = players;
  for (const player of [first, ...players]) if (player !== other) await leave(player);
  await new Promise((resolve) => setTimeout(resolve, 4_000));
  expect(await state(0)).toMatchObject({ reason: 'Connected' });
  expect(cameras.count('PLAY', 'pcmu')).toBe(1);
  await leave(other);
  await until('the camera is left', () => cameras.count('TEARDOWN', 'pcmu') === left + 1, SLOW);
  expect(await state(0)).toMatchObject({ reason: 'Idle' });
});

it('a capture that another program is given is started by that one', async () => {
  await assign(1, 2);
  await assign(0, null);
  const player = await playSoon(1);
  await player.connected();
  expect([await state(0), await state(1)]).toMatchObject([undefined, { reason: 'Connected', epoch: 2 }]);
  await leave(player);
  await assign(1, null);
  await until('no viewer starts it', async () => (await play(0)).status === 409);
});

it('viewers start captures also after a media pod was started again', async () => {
  await assign(1, 3);
  await fleet.pod(0).stop('SIGKILL');
  const again = await fleet.restart(0);
  expect(again).toBe(fleet.pod(0));
  const player = await until('it can be played', async () => {
    const tried = await play(0);
    return tried.status === 201 ? tried : null;
  });
  await player.connected();
  await leave(player);
});
