import { afterAll, beforeAll, expect, it } from 'vitest';
import { captureOrder } from '../builders/capture-stage.ts';
import { CameraNetwork } from '../harness/camera-network.ts';
import { CapturePod } from '../harness/capture-pod.ts';
import { RtcClient } from '../harness/rtc-client.ts';
import { RtspCameras } from '../harness/sources.ts';
import { TestFleet } from '../harness/test-fleet.ts';
import { until } from '../harness/wait.ts';

const SLOW = { timeoutMs: 20_000 };

let network: CameraNetwork;
let cameras: RtspCameras;
let fleet: TestFleet;
let pods: CapturePod[];

beforeAll(async () => {
  network = new CameraNetwork();
  [cameras, fleet] = await Promise.all([RtspCameras.start(network), TestFleet.start(2)]);
  pods = await Promise.all([CapturePod.start(fleet.captureKey), CapturePod.start(fleet.captureKey)]);
});
afterAll(async () => {
  await Promise.all((pods ?? []).map((pod) => pod.stop()));
  await fleet?.stop();
  await cameras?.run.stop('SIGKILL');
  network?.remove();
});

function podAt(index: number): CapturePod {
  const pod = pods[index];
  if (!pod) throw new Error(`there is no pod ${index}`);
  return pod;
}

/** Gives a capture to one pod, or takes it away, as the operator does. */
async function assign(index: number, epoch: number | null): Promise<void> {
  const { address } = network;
  const source = { kind: 'rtsp' as const, url: cameras.url('pcmu'), transport: 'TCP' as const };
  const order = captureOrder({ mode: 'OnDemand', idleTimeoutMs: 1_000, source, allow: [{ cidr: `${address}/32` }] });
  await podAt(index).push(epoch === null ? [] : [{ ...order, epoch }], fleet.members);
}

const state = (index: number) => podAt(index).state('u1');
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
