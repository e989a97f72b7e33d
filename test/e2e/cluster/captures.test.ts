import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { startEncoder, startRtmpServer } from '../../clients/encoders.ts';
import { run } from '../../cluster/commands.ts';
import { machineProcesses } from '../../cluster/host-processes.ts';
import { startBrowser } from '../../harness/browser.ts';
import { ClusterStage, termination } from '../../harness/cluster-stage.ts';
import { type Json, SYSTEM } from '../../harness/kube.ts';
import { blocksOf } from '../../harness/markdown.ts';
import { openPlayer, received } from '../../harness/player-page.ts';
import { freePort } from '../../harness/ports.ts';
import { CREDENTIALS, RtspCameras, SHOWN_PASSWORD } from '../../harness/sources.ts';
import { streamCapture } from '../../harness/stream-captures.ts';
import { until } from '../../harness/wait.ts';

const OPERATOR = ['-l', 'app.kubernetes.io/name=sluice-operator'];
const CAPTURE_PODS = ['-l', 'app.kubernetes.io/name=sluice-capture'];
const AT_ONCE = ['--grace-period=0', '--force'];
const SLOW = { timeoutMs: 20_000, everyMs: 100 };

let stage: ClusterStage;
let cameras: RtspCameras;

beforeAll(async () => {
  stage = await ClusterStage.open('captures');
  const { machine } = stage.kube.target;
  cameras = await RtspCameras.start(machine);
  await stage.apply({
    ...{ apiVersion: 'v1', kind: 'Secret', metadata: { name: 'cam' } },
    stringData: { username: CREDENTIALS.user, password: CREDENTIALS.password },
  });
  const sources = { requests: { cpu: '50m', memory: '64Mi' } };
  await stage.live({
    capture: { rest: true, allow: [{ cidr: `${machine}/32` }], resources: { sources, capture: sources } },
  });
  await stage.kube.kubectl(['-n', stage.namespace, 'rollout', 'status', 'deployment/live-capture', '--timeout=60s']);
});
afterEach(async () => {
  stage.backend.allowAll();
  await stage.kube.kubectl(['-n', stage.namespace, 'delete', 'streamcaptures', '--all']);
  await stage.leave();
  await until('nothing is captured', async () => (await publication()) === undefined, SLOW);
});
afterAll(async () => {
  await stage.clear();
  await cameras.run.stop('SIGKILL');
});

const gate = (path: string, spec: object = {}): object =>
  streamCapture('gate', { rtsp: { url: cameras.url(path), ...spec } });

const publication = async (): Promise<Json> => {
  const found = await stage.found({ name: 'gate', published: true });
  return Array.isArray(found) ? found[0] : undefined;
};
const captured = (): Promise<Json> => stage.condition('scap/gate', 'Capturing', 'True', 'Connected');
const restart = (value: string): Promise<string> =>
  stage.kube.kubectl(['-n', stage.namespace, 'annotate', 'scap', 'gate', `sluice.dev/restart=${value}`, '--overwrite']);

/** Runs `end`, after which the camera is left and stays so. */
async function isLeft(path: string, end: () => Promise<unknown>): Promise<void> {
  const before = cameras.count('TEARDOWN', path);
  await end();
  await until(`${path} is left`, () => cameras.count('TEARDOWN', path) === before + 1, SLOW);
}

/** A browser plays it through the ingress, with sound. */
async function isPlayed(): Promise<void> {
  const { host, kube } = stage;
  const browser = await startBrowser({ hosts: { [host]: kube.target.ingress } });
  onTestFinished(() => browser.close());
  const page = await openPlayer(browser, `http://${host}`, 'gate');
  await until('it is heard', async () => (await received(page)).energy > 0, SLOW);
}

/** What people and tools are shown about captures; the Secret itself is not among it. */
async function shownTexts(): Promise<Record<string, string>> {
  const { kube, namespace } = stage;
  const metrics = (of: string, pod: string, port: number): Promise<string> =>
    kube.kubectl(['get', '--raw', `/api/v1/namespaces/${of}/pods/${pod}:${port}/proxy/metrics`]);
  const [operator] = (await kube.get(SYSTEM, 'pods', ...OPERATOR)).items;
  const [pod] = (await stage.get('pods', ...CAPTURE_PODS)).items;
  const all = (of: string): string[] => ['-n', of, 'logs', '--all-containers', '--tail=-1'];
  return {
    objects: await kube.kubectl(['-n', namespace, 'get', 'scap,mserver,pods,configmaps,events', '-o', 'yaml']),
    'logs of capture pods': await kube.kubectl([...all(namespace), ...CAPTURE_PODS]),
    'logs of media pods': await kube.kubectl([...all(namespace), '-l', 'app.kubernetes.io/name=sluice-media-server']),
    'logs of the operator': await kube.kubectl([...all(SYSTEM), ...OPERATOR]),
    'metrics of a capture pod': await metrics(namespace, pod.metadata.name, 9090),
    'metrics of the operator': await metrics(SYSTEM, operator.metadata.name, 8080),
    ps: (await machineProcesses()).map(({ command }) => command).join('\n'),
  };
}

/** Lines of a table of kubectl, without the column of the age. */
const rowsOf = (table: string): string[][] =>
  table
    .trim()
    .split('\n')
    .map((line) => line.split(/ {2,}/).slice(0, -1));

/** What `kubectl sluice captures` prints, and what its page shows, without what differs between runs. */
const likeness = (text: string): string[] =>
  text
    .trimEnd()
    .split('\n')
    .map((line) =>
      line
        .replaceAll(stage.kube.target.machine, '10.20.0.7')
        .replace(/\d+(\.\d+)? [kM]bit\/s/, 'BITRATE')
        .replace(/live-capture-\S+/, 'POD')
        .replace(/\d{4}-\d\d-\d\dT[\d:]+Z/, 'TIME')
        .replace(/--namespace=\S+/, 'NAMESPACE')
        .replaceAll(/ {2,}/g, '  '),
    );

const root = join(import.meta.dirname, '../../..');
const PLUGIN = join(root, 'operator/kubectl/kubectl-sluice.js');
const PAGE = join(root, 'docs/kubectl.md');

describe('kubectl sluice captures', () => {
  it('prints what its page shows', async () => {
    await stage.apply(gate('aac'), streamCapture('door', { rtsp: { url: cameras.url('silent') } }));
    await Promise.all([captured(), stage.condition('scap/door', 'Capturing', 'True', 'Connected')]);
    await until(
      'figures are known',
      async () => {
        const [one, other] = [(await stage.get('scap/gate')).status, (await stage.get('scap/door')).status];
        return one.bitrate && one.keyFrameInterval && other.keyFrameInterval;
      },
      SLOW,
    );
    expect(await stage.terminate({ name: 'door' })).toBe(200);
    await stage.condition('scap/door', 'Capturing', 'False', 'TerminatedByRest');
    const shown = blocksOf(readFileSync(PAGE, 'utf8'));
    const at = shown.findIndex(({ text }) => text.startsWith('kubectl sluice captures'));
    const printed = async (...args: string[]): Promise<string> =>
      run(process.execPath, [PLUGIN, 'captures', '-n', stage.namespace, ...args], { env: stage.kube.env });
    expect(likeness(await printed())).toEqual(likeness(shown[at + 1]?.text ?? ''));
    const [door, live] = JSON.parse(await printed('live', '-o', 'json'));
    expect([door.isHeld, live.isHeld]).toEqual([true, false]);
    // The picture of the camera has no more than this.
    expect(live.bitrate).toBeGreaterThan(20_000);
    expect(live.bitrate).toBeLessThan(5_000_000);
    expect(await printed('-o', 'name')).toBe('streamcapture.sluice.dev/door\nstreamcapture.sluice.dev/gate\n');
  });
});

describe('a StreamCapture from kubectl apply', () => {
  it('publishes a camera with a password, and a browser plays it through the ingress', async () => {
    const url = cameras.url('aac', 'digest');
    await stage.apply(streamCapture('gate', { rtsp: { url, credentialsRef: { name: 'cam' } } }));
    await captured();
    expect(await publication()).toMatchObject({ mediaProvider: 'RTSP', hasVideo: true, hasAudio: true });
    await stage.play('gate');
    const { kube } = stage;
    await isPlayed();
    const { machine } = kube.target;
    const get = async (): Promise<string> => kube.kubectl(['-n', stage.namespace, 'get', 'scap']);
    await until('its key frames are shown', async () => rowsOf(await get())[1]?.includes('1s'), SLOW).catch(
      () => undefined,
    );
    expect(rowsOf(await get())).toEqual([
      ['NAME', 'STREAM', 'SOURCE', 'STATE', 'CODEC', 'KEYFRAMES', 'RESTARTS'],
      ['gate', 'gate', machine, 'Connected', 'H264', '1s', '0'],
    ]);
    for (const [where, text] of Object.entries(await shownTexts())) expect(text, where).not.toMatch(SHOWN_PASSWORD);
  });

  it.runIf((process.env['CLUSTER'] ?? 'embedded') === 'embedded')(
    'reads it as a user of its own that loads only what it needs',
    async () => {
      await stage.apply(gate('aac'));
      await captured();
      const [reader] = (await machineProcesses()).filter(({ command }) => command === 'sluice-sources\0--capture\0');
      const about = (file: string): string => readFileSync(`/proc/${reader?.pid}/${file}`, 'utf8');
      expect(about('status')).toMatch(/^Uid:\t65533\t65533\t65533\t65533\nGid:\t65533\t65533\t65533\t65533$/m);
      expect(about('status')).toMatch(/^CapEff:\t0+$/m);
      expect(about('maps')).toContain('/libgstfaad.so');
      // Plugins that are looked for would all be loaded.
      expect(about('maps')).not.toContain('/libgstsrt.so');
    },
  );

  const endings: [string, string, () => Promise<unknown>][] = [
    ['a 403', 'TerminatedByKeepAlive', async () => stage.backend.refuseKeepAlive(({ name }) => name === 'gate')],
    ['REST', 'TerminatedByRest', () => stage.terminate({ name: 'gate' })],
    [
      'a StreamTermination',
      'TerminatedByResource',
      () => stage.apply(termination('end', { filter: { name: 'gate' } })),
    ],
  ];
  it.each(endings)('that %s ends stays ended until somebody wants it again', async (_what, reason, end) => {
    await stage.apply(gate('stopped'));
    await captured();
    await isLeft('stopped', end);
    const { message } = await stage.condition('scap/gate', 'Capturing', 'False', reason);
    expect(message).toContain('to start it again: kubectl annotate streamcapture gate sluice.dev/restart=');
    expect((await stage.get('scap/gate')).status.held).toMatchObject({ generation: 1, info: expect.any(String) });
    stage.backend.allowAll();
    const plays = cameras.count('PLAY', 'stopped');
    await new Promise((resolve) => setTimeout(resolve, 2_000));
    expect(cameras.count('PLAY', 'stopped')).toBe(plays);
    expect(await publication()).toBeUndefined();
    await restart(reason);
    await captured();
    expect((await stage.get('scap/gate')).status.held).toBeUndefined();
  });

  it.each(['rtmp', 'srt'] as const)('captures by %s, as a camera', async (kind) => {
    const { machine } = stage.kube.target;
    const rtmp = kind === 'rtmp' ? await startRtmpServer(machine) : null;
    const url = rtmp ? `${rtmp.url}/cam` : `srt://${machine}:${await freePort()}`;
    const encode = () => (rtmp ? startEncoder(url, 'flv') : startEncoder(`${url}?mode=listener`, 'mpegts'));
    const encoders = [encode()];
    onTestFinished(async () => {
      for (const encoder of encoders) await encoder.stop('SIGKILL');
      await rtmp?.stop();
    });
    await stage.apply(streamCapture('gate', { [kind]: { url } }));
    await captured();
    expect(await publication()).toMatchObject({ mediaProvider: kind.toUpperCase(), hasVideo: true, hasAudio: true });
    await isPlayed();
    stage.backend.refuseKeepAlive(({ name }) => name === 'gate');
    const { message } = await stage.condition('scap/gate', 'Capturing', 'False', 'TerminatedByKeepAlive');
    expect(message).toContain('to start it again: kubectl annotate streamcapture gate sluice.dev/restart=');
    stage.backend.allowAll();
    // Longer than three intervals of keep-alive.
    await new Promise((resolve) => setTimeout(resolve, 4_000));
    expect(await publication()).toBeUndefined();
    // An encoder that listens has ended with its reader.
    if (!rtmp) {
      await encoders[0]?.exited;
      encoders.push(encode());
    }
    await restart(kind);
    await captured();
  });

  it('that is deleted ends, and its camera is left', async () => {
    await stage.apply(gate('silent'));
    await captured();
    await isLeft('silent', () => stage.kube.kubectl(['-n', stage.namespace, 'delete', 'scap', 'gate']));
    await until('the stream has ended', async () => (await publication()) === undefined);
  });

  it('is captured again within 15 s after its pod was killed', async () => {
    await stage.apply(gate('aac'));
    await captured();
    const before = await publication();
    const { assignment } = (await stage.get('scap/gate')).status;
    await stage.kube.kubectl(['-n', stage.namespace, 'delete', 'pod', assignment.pod, ...AT_ONCE]);
    await until(
      'another pod captures it',
      async () => {
        const now = await publication();
        return now?.status === 'PUBLISHING' && now.mediaSessionId !== before.mediaSessionId;
      },
      { timeoutMs: 15_000, everyMs: 100 },
    );
    await captured();
    const { status } = await stage.get('scap/gate');
    expect(status.assignment.epoch).toBeGreaterThan(assignment.epoch);
    expect(status.assignment.podUid).not.toBe(assignment.podUid);
  });

  it('with the mode OnDemand is captured while somebody plays it, also by the URL of its camera', async () => {
    const url = cameras.url('silent');
    const onDemand = { startTimeout: '5s', idleTimeout: '1s' };
    await stage.apply(streamCapture('gate', { rtsp: { url }, mode: 'OnDemand', onDemand }));
    await stage.condition('scap/gate', 'Capturing', 'False', 'Idle');
    await stage.condition('scap/gate', 'Ready', 'True');
    const [plays, goodbyes] = [cameras.count('PLAY', 'silent'), cameras.count('TEARDOWN', 'silent')];
    for (const [round, name] of ['gate', encodeURIComponent(url)].entries()) {
      await stage.play(name);
      await captured();
      expect(cameras.count('PLAY', 'silent')).toBe(plays + round + 1);
      await stage.leave();
      await stage.condition('scap/gate', 'Capturing', 'False', 'Idle');
      expect(cameras.count('TEARDOWN', 'silent')).toBe(goodbyes + round + 1);
    }
    // A viewer that names another camera gets nothing, and nothing is dialled.
    expect((await stage.offer('play', encodeURIComponent(cameras.url('stopped')))).status).toBe(409);
  });

  it('that was ended is started again by /rtsp/startup, which captures other cameras too', async () => {
    const uri = cameras.url('stopped');
    await stage.apply(gate('stopped'));
    await captured();
    await isLeft('stopped', () => stage.api('/rtsp/terminate', { uri }));
    await stage.condition('scap/gate', 'Capturing', 'False', 'TerminatedByRest');
    await until('it is started', async () => (await stage.api('/rtsp/startup', { uri })).status === 200, SLOW);
    await captured();
    expect((await stage.get('scap/gate')).status.resumed).toMatch(/^20.*Z$/);

    const other = { uri: cameras.url('pcmu').replace('rtsp://', 'rtsp://user:s3cret@'), toStream: 'pulled' };
    expect((await stage.api('/rtsp/startup', other)).status).toBe(200);
    const listed = async (): Promise<Json> => (await stage.api('/rtsp/find_all', {})).body;
    const statuses = async (): Promise<string[]> =>
      (await listed()).map(({ localStreamName, status }: Json) => `${localStreamName} ${status}`).sort();
    await until('both are captured', async () => `${await statuses()}` === 'gate PLAYING,pulled PLAYING', SLOW);
    await stage.play('pulled');
    expect((await stage.api('/rtsp/startup', other)).status).toBe(409);
    expect(JSON.stringify(await listed())).not.toContain('s3cret');
    await isLeft('pcmu', () => stage.api('/rtsp/terminate', { uri: other.uri }));
    const logs = [
      '-n',
      stage.namespace,
      'logs',
      '--all-containers',
      '--tail=-1',
      '-l',
      'app.kubernetes.io/managed-by=sluice',
    ];
    expect(await stage.kube.kubectl(logs)).not.toContain('s3cret');
  });

  it('of an address that is not allowed is refused', async () => {
    await stage.apply(streamCapture('gate', { rtsp: { url: 'rtsp://10.20.0.7/main' } }));
    await stage.condition('scap/gate', 'Accepted', 'False', 'AddressNotAllowed');
    const { message } = await stage.condition('scap/gate', 'Capturing', 'False', 'AddressNotAllowed');
    expect(message).toBe('10.20.0.7 is not in spec.capture.allow of the MediaServer');
  });
});
