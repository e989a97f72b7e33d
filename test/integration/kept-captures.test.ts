import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, type TestContext } from 'vitest';
import type { CaptureOrder } from '../../crds/schema/capture-messages.ts';
import { captureOrder } from '../builders/capture-stage.ts';
import { CameraNetwork } from '../harness/camera-network.ts';
import { CapturePod } from '../harness/capture-pod.ts';
import { descendants } from '../harness/descendants.ts';
import { RtcClient } from '../harness/rtc-client.ts';
import { RtspCameras } from '../harness/sources.ts';
import { TestFleet } from '../harness/test-fleet.ts';
import { until } from '../harness/wait.ts';

// Media pods and capture pods that are lost, and cameras that go away: real programs, without Kubernetes.

const SLOW = { timeoutMs: 20_000 };

let network: CameraNetwork;
let cameras: RtspCameras;
let fleet: TestFleet;
let captures: CapturePod;

/** A camera that is captured as `gate`. */
const gate = (over: Partial<CaptureOrder> = {}): CaptureOrder =>
  captureOrder({
    name: 'gate',
    source: { kind: 'rtsp', url: cameras.url('aac'), transport: 'TCP' },
    allow: [{ cidr: `${network.address}/32` }],
    ...over,
  });

const INDEXES = [0, 1] as const;

/** The id of the publication on a media pod, as far as that one answers. */
async function idOn(index: number): Promise<string | null> {
  const filter = { name: 'gate', published: true, status: 'PUBLISHING' };
  const { body, status } = await fleet.pod(index).api('/stream/find?scope=pod', filter);
  return status === 200 ? ((body as { mediaSessionId: string }[])[0]?.mediaSessionId ?? null) : null;
}

const liveOn = (index: number, limit = SLOW) =>
  until(`pod ${index} has the stream`, async () => (await idOn(index)) !== null, { everyMs: 50, ...limit });

/** Captures `gate`. Returns the media pod that has it, and the other one. */
async function captured(order = gate()): Promise<[has: number, other: number]> {
  await captures.push([order], fleet.members);
  const has = await until(
    'it is captured',
    async () => {
      const ids = await Promise.all(INDEXES.map(idOn));
      const index = ids.findIndex((id) => id !== null);
      return index < 0 ? null : index;
    },
    SLOW,
  );
  await until('its program follows it', async () => (await captures.state('u1'))?.mediaSessionId !== undefined);
  return [has, 1 - has];
}

/** Runs an action; everything that the capture pod says of the capture until it is over. */
async function saidDuring(action: () => Promise<unknown>, pod = captures): Promise<Set<string>> {
  const said = new Set<string>();
  let isOver = false;
  const watch = async (): Promise<void> => {
    while (!isOver) {
      said.add((await pod.state('u1'))?.reason ?? '');
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  };
  await Promise.all([watch(), action().finally(() => (isOver = true))]);
  return said;
}

describe('a captured stream', () => {
  beforeAll(async () => {
    network = new CameraNetwork();
    cameras = await RtspCameras.start(network);
  });
  beforeEach(async () => {
    fleet = await TestFleet.start(2, { mediaServer: { drain: { timeout: '60s' } } });
    captures = await CapturePod.start(fleet.captureKey);
  });
  afterEach(async () => {
    await captures.stop();
    await fleet.stop();
  });
  afterAll(async () => {
    await cameras?.run.stop('SIGKILL');
    network?.remove();
  });

  it('is published on another pod within 5 s after its media pod was killed', async () => {
    const [has, other] = await captured();
    const said = await saidDuring(async () => {
      fleet.pod(has).process.child.kill('SIGKILL');
      await liveOn(other, { timeoutMs: 5_000 });
    });
    expect(said).not.toContain('NameInUse');
    expect(cameras.count('PLAY', 'aac')).toBe(cameras.count('TEARDOWN', 'aac') + 1);
    await until('it says so', async () => (await captures.state('u1'))?.reason === 'Connected');
  });

  it('is published again within 5 s after the worker of its media pod was killed', async () => {
    const [has] = await captured();
    const id = await idOn(has);
    const said = await saidDuring(async () => {
      for (const worker of descendants(fleet.pod(has).process.child.pid ?? 0)) process.kill(worker, 'SIGKILL');
      const isBack = async () => {
        const ids = await Promise.all(INDEXES.map(idOn));
        return ids.some((each) => each !== null && each !== id);
      };
      await until('it is published again', isBack, { timeoutMs: 5_000, everyMs: 50 });
    });
    expect(said).not.toContain('NameInUse');
  });

  it('is published on another pod while its own does not answer, and only there when that one is back', async () => {
    const [has, other] = await captured();
    const { process: lost } = fleet.pod(has);
    lost.child.kill('SIGSTOP');
    // Three heartbeats, and the time of a connection that nobody answers.
    const said = await saidDuring(() => liveOn(other, { timeoutMs: 20_000 }));
    expect(said).not.toContain('NameInUse');
    const viewer = await RtcClient.play(`${fleet.pod(other).url}/whep/defaultApp/gate`);
    await viewer.connected();
    lost.child.kill('SIGCONT');
    const ends = captures.log.filter(({ cause }) => cause !== undefined).map(({ cause, info }) => [cause, info]);
    expect(ends).toEqual([[null, 'Body Timeout Error']]);
    await until('the old one has ended', async () => (await idOn(has)) === null, SLOW);
    expect([await idOn(other), viewer.endedAt]).toEqual([expect.any(String), null]);
    viewer.close();
  });

  it('moves when its media pod drains, which is empty then, and is live before its viewers come back', async () => {
    const [has, other] = await captured();
    const viewer = await RtcClient.play(`${fleet.pod(has).url}/whep/defaultApp/gate`);
    await viewer.connected();
    const { process: draining } = fleet.pod(has);
    const said = await saidDuring(async () => {
      draining.child.kill('SIGTERM');
      await viewer.ended();
      await liveOn(other, { timeoutMs: 1_000 });
    });
    expect([...said]).toEqual(['Connected']);
    await draining.exited;
    const again = await RtcClient.play(`${fleet.pod(other).url}/whep/defaultApp/gate`);
    await again.connected();
    await until('packets arrive', () => again.received > 0);
    again.close();
  });

  it.each([
    ['killed', 'SIGKILL'],
    ['silent', 'SIGSTOP'],
  ] as const)('goes to another capture pod at once when its own is %s', async (_what, signal) => {
    const [has] = await captured();
    const id = await idOn(has);
    const next = await CapturePod.start(fleet.captureKey);
    try {
      captures.run.child.kill(signal);
      await next.push([gate({ epoch: 2 })], fleet.members);
      const said = await saidDuring(async () => {
        const isNew = async () => ![null, id].includes(await idOn(has));
        await until('it is captured', isNew, { timeoutMs: 10_000, everyMs: 50 });
      }, next);
      expect(said).not.toContain('NameInUse');
    } finally {
      await next.stop();
    }
  });
});

describe.concurrent('a camera that is unplugged', () => {
  type Stage = { readonly pod: CapturePod; readonly at: TestFleet; readonly cable: CameraNetwork };

  /** Its own fleet, capture pod and network, with a stream that is live. */
  async function unplugged({ onTestFinished }: TestContext): Promise<Stage> {
    const cable = new CameraNetwork();
    onTestFinished(() => cable.remove());
    const own = await RtspCameras.start(cable);
    onTestFinished(() => own.run.stop('SIGKILL'));
    const at = await TestFleet.start(1);
    onTestFinished(() => at.stop());
    const pod = await CapturePod.start(at.captureKey);
    onTestFinished(() => pod.stop());
    const source = { kind: 'rtsp', url: own.url('aac'), transport: 'TCP' } as const;
    const order = captureOrder({
      name: 'gate',
      source,
      allow: [{ cidr: `${cable.address}/32` }],
      stallTimeoutMs: 2_000,
    });
    await pod.push([order], at.members);
    await until('it is live', async () => (await at.pod(0).streams())[0]?.['status'] === 'PUBLISHING', SLOW);
    return { pod, at, cable };
  }

  const away = (seconds: number) => new Promise((resolve) => setTimeout(resolve, seconds * 1_000));
  /** The delay before the next attempt, milliseconds. */
  const retryMs = ({ pod }: Stage): number =>
    Number(pod.log.findLast(({ retryMs }) => retryMs !== undefined)?.['retryMs']);

  it('for 10 s keeps its viewers', async (context) => {
    const stage = await unplugged(context);
    const viewer = await RtcClient.play(`${stage.at.pod(0).url}/whep/defaultApp/gate`);
    await viewer.connected();
    stage.cable.plug(false);
    await away(10);
    const { received } = viewer;
    stage.cable.plug(true);
    await until('packets arrive again', () => viewer.received > received + 50, { timeoutMs: retryMs(stage) + 2_000 });
    expect([viewer.endedAt, viewer.state]).toEqual([null, 'connected']);
    viewer.close();
  });

  it('for longer than 30 s is captured again when it is back', async (context) => {
    const stage = await unplugged(context);
    const [before] = await stage.at.pod(0).streams();
    stage.cable.plug(false);
    await until('its stream has ended', async () => (await stage.at.pod(0).streams()).length === 0, {
      timeoutMs: 40_000,
    });
    stage.cable.plug(true);
    const isBack = async () => (await stage.at.pod(0).streams()).length === 1;
    await until('it is captured again', isBack, { timeoutMs: retryMs(stage) + 2_000 });
    const [after] = await stage.at.pod(0).streams();
    expect(after?.['mediaSessionId']).not.toBe(before?.['mediaSessionId']);
  });
});
