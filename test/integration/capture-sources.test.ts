import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CapturedSource, type MediaKind } from '../clients/captured-source.ts';
import { brightnessOf, flipsOf, ticksOf } from '../clients/decoders.ts';
import { startBlackHole, startEncoder, startRtmpServer } from '../clients/encoders.ts';
import { type Frame, framesOf, NAL, nalType } from '../clients/h264-frames.ts';
import { startHeldPath } from '../clients/held-path.ts';
import { described, flood, OddCamera, type RtspAnswer, rtspAnswer } from '../clients/odd-camera.ts';
import { freePort } from '../harness/ports.ts';
import { CREDENTIALS, RtspCameras, Sources, type Spec } from '../harness/sources.ts';
import { until } from '../harness/wait.ts';

const DIGEST = { server: 'digest', ...CREDENTIALS } as const;

let sources: Sources;
let cameras: RtspCameras;
/** Open files of the listener while nothing is captured. */
let idle = 0;

/** What tests have started. They run side by side, so it stops after all of them. */
const parts: { stop(): unknown }[] = [];

function owned<T extends { stop(): unknown }>(part: T): T {
  parts.push(part);
  return part;
}

beforeAll(async () => {
  [sources, cameras] = await Promise.all([Sources.start(), RtspCameras.start()]);
  idle = sources.openFiles();
});

afterAll(async () => {
  for (const part of parts) await part.stop();
  await cameras?.run.stop('SIGKILL');
  await sources?.stop();
});

/** The distinct differences of neighbours, modulo 2^bits. */
function steps(values: readonly number[], bits: 16 | 32): number[] {
  const differences = values.slice(1).map((value, index) => value - (values[index] ?? 0));
  return [...new Set(differences.map((step) => (step + 2 ** bits) % 2 ** bits))];
}

const sequences = (source: CapturedSource, kind: MediaKind): number[] =>
  source.packets(kind).map(({ sequence }) => sequence);

/** When a packet is presented, in milliseconds, by the first clock event of its track. */
function presentedMs(source: CapturedSource, kind: MediaKind, timestamp: number): number {
  const clock = source.event('clock', kind);
  const ticks = (timestamp - Number(clock?.['rtp'])) | 0;
  return Number(clock?.['ntpUs']) / 1_000 + (ticks * 1_000) / (kind === 'video' ? 90_000 : 48_000);
}

/** The frames of a capture, without one that the end cut off. */
function framesUpToEnd(source: CapturedSource): Frame[] {
  const packets = source.packets('video');
  return framesOf(packets.slice(0, packets.findLastIndex(({ marker }) => marker) + 1));
}

/** Every frame is whole and can be decoded; parameter sets come before each key frame. */
async function checkVideo(source: CapturedSource): Promise<void> {
  expect(steps(sequences(source, 'video'), 16)).toEqual([1]);
  expect(Math.max(...source.packets('video').map(({ bytes }) => bytes.length))).toBeLessThanOrEqual(1_200);
  const frames = framesUpToEnd(source);
  const keyFrames = frames.map(({ units }) => units.map(nalType)).filter((types) => types.includes(NAL.idr));
  expect(keyFrames.length).toBeGreaterThan(0);
  for (const types of keyFrames) {
    expect(types.filter((type) => type === NAL.sps || type === NAL.pps)).toEqual([NAL.sps, NAL.pps]);
    expect(types.indexOf(NAL.idr)).toBeGreaterThan(types.indexOf(NAL.pps));
  }
  expect(await brightnessOf(frames)).toHaveLength(frames.length);
}

/** Packets of 20 ms without a gap. The last bits of the first byte count the Opus frames (RFC 6716 §3.1). */
function checkAudio(source: CapturedSource, from: string): void {
  expect(source.event('track', 'audio')).toEqual({ event: 'track', kind: 'audio', codec: 'Opus', from });
  const packets = source.packets('audio');
  expect(steps(sequences(source, 'audio'), 16)).toEqual([1]);
  expect(
    steps(
      packets.map(({ timestamp }) => timestamp),
      32,
    ),
  ).toEqual([960]);
  expect(packets.every(({ payload }) => (payload.readUInt8(0) & 3) === 0)).toBe(true);
}

const VIDEO = { event: 'track', kind: 'video', codec: 'H264', width: 320, height: 180 };

/** By how much a tick of the camera `ticks` comes before a whole second. */
const TICK_BEFORE_FLIP_MS = 128;

describe.concurrent('a camera', () => {
  it.each([
    { path: 'aac', from: 'AAC' },
    { path: 'aac16', from: 'AAC', transport: 'udp' },
    { path: 'pcmu', from: 'PCMU', server: 'basic', ...CREDENTIALS },
    { path: 'pcma', from: 'PCMA', transport: 'udp', ...DIGEST },
    { path: 'opus', from: null },
    { path: 'silent', from: null, ...DIGEST },
  ] as const)('is read and released: $path', async ({ from, path, ...rest }) => {
    const { server = 'open', ...spec } = { server: undefined, ...rest };
    const source = sources.capture({ location: cameras.url(path, server), ...spec });
    await source.has('video', 50);
    if (from !== null) await source.has('audio', 75);
    expect(await source.close()).toBeLessThan(1_000);
    await until('TEARDOWN', () => cameras.count('TEARDOWN', path) === 1);
    expect(source.rest).toBe(0);
    expect(source.event('track', 'video')).toMatchObject(VIDEO);
    expect(source.event('ended')).toBeUndefined();
    await checkVideo(source);
    if (path === 'opus') expect(source.events[0]).toEqual({ event: 'unsupported', kind: 'audio', codec: 'OPUS' });
    if (from === null) expect(source.packets('audio')).toEqual([]);
    else checkAudio(source, from);
  });

  it('has sound and picture together', async () => {
    const source = sources.capture({ location: cameras.url('ticks') });
    await source.has('audio', 150);
    await source.close();
    const flips = (await flipsOf(framesUpToEnd(source))).map((timestamp) => presentedMs(source, 'video', timestamp));
    const ticks = (await ticksOf(source.packets('audio'))).map((timestamp) => presentedMs(source, 'audio', timestamp));
    expect(flips).toHaveLength(1);
    expect(ticks.length).toBeGreaterThanOrEqual(2);
    const apart = ticks.map((tick) => (((flips[0] ?? 0) - tick + 10_000) % 1_000) - TICK_BEFORE_FLIP_MS);
    expect(Math.max(...apart.map(Math.abs))).toBeLessThan(40);
  });

  it('is read without its sound', async () => {
    const source = sources.capture({ location: cameras.url('mute'), audio: 'none' });
    await source.has('video', 10);
    await source.close();
    expect(source.events.filter(({ kind }) => kind === 'audio')).toEqual([]);
    expect(source.packets('audio')).toEqual([]);
  });

  it('ends its stream', async () => {
    const source = sources.capture({ location: cameras.url('short') });
    expect(await source.ended()).toMatchObject({ event: 'ended', reason: 'endOfStream' });
    await checkVideo(source);
  });

  it.each([
    { path: 'h265', text: 'video codec H265' },
    { path: 'sound', text: 'no video' },
  ])('without H264 is refused: $path', async ({ path, text }) => {
    const source = sources.capture({ location: cameras.url(path) });
    expect(await source.ended()).toMatchObject({ event: 'ended', reason: 'unsupported', text });
    expect(cameras.count('PLAY', path)).toBe(0);
  });

  it('keeps its timestamps when packets are late', async () => {
    const path = owned(await startHeldPath(cameras.port('open')));
    const source = sources.capture({ location: `rtsp://127.0.0.1:${path.port}/late` });
    await source.has('audio', 25);
    path.hold();
    await new Promise((resolve) => setTimeout(resolve, 500));
    path.release();
    await source.has('audio', 75);
    await source.close();
    checkAudio(source, 'PCMU');
  });

  it('stalls', async () => {
    const path = owned(await startHeldPath(cameras.port('open')));
    const source = sources.capture({ location: `rtsp://127.0.0.1:${path.port}/stalls`, 'stall-ms': 500 });
    await source.has('video', 10);
    path.hold();
    const since = performance.now();
    expect(await source.ended()).toMatchObject({ reason: 'stalled', text: 'no video for 500 ms' });
    expect(performance.now() - since).toBeLessThan(1_500);
  });

  it('that no longer answers is left within two seconds', async () => {
    const path = owned(await startHeldPath(cameras.port('open')));
    const source = sources.capture({ location: `rtsp://127.0.0.1:${path.port}/frozen` });
    await source.has('video', 10);
    path.hold();
    expect(await source.close()).toBeLessThan(2_200);
  });

  it('is released when nobody reads what it sends', async () => {
    const source = sources.capture({ location: cameras.url('heavy') });
    await source.has('video', 10);
    source.pause();
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    expect(await source.close()).toBeLessThan(2_200);
    await until('TEARDOWN', () => cameras.count('TEARDOWN', 'heavy') === 1);
  });
});

const status = (line: string, headers: readonly string[] = []): RtspAnswer =>
  described((socket, request) => socket.write(rtspAnswer(request, line, headers)));

const sdp = (...media: readonly string[]): RtspAnswer =>
  described((socket, request) => {
    const text = ['v=0', 'o=- 0 0 IN IP4 127.0.0.1', 's=camera', 't=0 0', ...media, ''].join('\r\n');
    const isDescribe = request.method === 'DESCRIBE';
    socket.write(
      isDescribe ? rtspAnswer(request, '200 OK', [], text) : rtspAnswer(request, '461 Unsupported Transport'),
    );
  });

/** Begins an answer to DESCRIBE that does not end. */
const endless = (headers: readonly string[], bytes: string): RtspAnswer =>
  described((socket, request) => {
    socket.write(`RTSP/1.0 200 OK\r\nCSeq: ${request.sequence}\r\n${headers.map((line) => `${line}\r\n`).join('')}`);
    flood(socket, bytes);
  });

const moved = (url: () => string): RtspAnswer =>
  described((socket, request) => socket.write(rtspAnswer(request, '302 Found', [`Location: ${url()}`])));

type Fault = { readonly name: string; readonly answer: RtspAnswer; readonly spec?: Spec; readonly ended: object };

const GIVEN_UP = { reason: 'unauthorized', text: 'the credentials were refused' };
const LOST = 'Could not read from resource. (Could not receive message.';
const H264 = ['m=video 0 RTP/AVP 96', 'a=rtpmap:96 H264/90000', 'a=control:video'];
const FAULTS: readonly Fault[] = [
  {
    name: 'a wrong password, Digest',
    answer: status('401 Unauthorized', ['WWW-Authenticate: Digest realm="r", nonce="n"']),
    spec: CREDENTIALS,
    ended: GIVEN_UP,
  },
  {
    name: 'a wrong password, Basic',
    answer: status('401 Unauthorized', ['WWW-Authenticate: Basic realm="r"']),
    spec: CREDENTIALS,
    ended: GIVEN_UP,
  },
  {
    name: 'a missing password',
    answer: status('401 p@ss:w/ö', ['WWW-Authenticate: Basic realm="r"']),
    ended: { reason: 'unauthorized', text: 'Unauthorized (401)' },
  },
  { name: '403', answer: status('403 Forbidden'), ended: { reason: 'unauthorized', text: 'Unhandled error (403)' } },
  { name: '404', answer: status('404 Not Found'), ended: { reason: 'notFound', text: 'Not found (404)' } },
  { name: '453', answer: status('453 No Bandwidth'), ended: { reason: 'failed', text: 'Unhandled error (453)' } },
  { name: 'no streams', answer: sdp(), ended: { reason: 'unsupported', text: expect.stringContaining('no streams') } },
  {
    name: 'a refused transport',
    answer: sdp(...H264),
    spec: { transport: 'udp' },
    ended: { reason: 'unsupported', text: expect.stringContaining('No supported stream was found') },
  },
  {
    name: 'H265 alone',
    answer: sdp('m=video 0 RTP/AVP 96', 'a=rtpmap:96 H265/90000', 'a=control:video'),
    ended: { reason: 'unsupported', text: 'video codec H265' },
  },
  {
    name: 'silence',
    answer: () => undefined,
    ended: { reason: 'unreachable', text: `${LOST} (Timeout while waiting for server response))` },
  },
  {
    name: 'a closed connection',
    answer: (socket) => socket.end(),
    ended: { reason: 'unreachable', text: `${LOST} (Received end-of-file))` },
  },
  {
    name: 'noise',
    answer: (socket) => flood(socket, '\u0000\u00ff$$\u0001{}'.repeat(4_096)),
    ended: { reason: expect.stringMatching(/^(unreachable|stalled)$/) },
  },
];

describe.concurrent('a server that answers with', () => {
  it.each(FAULTS)('$name', async ({ answer, ended, spec = {} }) => {
    const camera = owned(await OddCamera.start(answer));
    const source = sources.capture({ location: camera.url, 'timeout-ms': 1_000, 'stall-ms': 1_000, ...spec });
    const last = await source.ended();
    expect(last).toMatchObject({ event: 'ended', ...ended });
    expect(last.ms).toBeLessThan(6_000);
    expect(camera.requests.filter((method) => method === 'DESCRIBE').length).toBeLessThanOrEqual(3);
  });

  it.each([
    {
      name: 'an SDP of 2 GB',
      headers: ['Content-Type: application/sdp', 'Content-Length: 2000000000', ''],
      line: 'a=x\r\n',
      mib: 48,
      ended: /^unreachable$/,
    },
    { name: 'endless headers', headers: [], line: `X: ${'y'.repeat(1_000)}\r\n`, mib: 64, ended: /^stalled$/ },
    {
      name: 'an endless header',
      headers: ['Content-Type: application/sdp'],
      line: 'y'.repeat(1_000),
      mib: 48,
      ended: 'stalled',
    },
    {
      name: 'an endless session',
      headers: ['Content-Type: application/sdp', 'Content-Length: 100000000', ''],
      line: 'm=video 0 RTP/AVP 96\r\n',
      mib: 220,
      ended: /^(was killed: .*|stalled)$/,
    },
  ])('$name takes at most $mib MiB', async ({ ended, headers, line, mib }) => {
    const camera = owned(await OddCamera.start(endless(headers, line.repeat(100))));
    const own = owned(await Sources.start());
    const source = own.capture({ location: camera.url, 'timeout-ms': 1_000, 'stall-ms': 1_000 });
    expect(await own.peakMemory(source.gone)).toBeLessThan(mib);
    const { ms, reason } = await source.ended();
    expect(ms).toBeLessThan(6_000);
    // At the limit of memory, the process is killed before it can say anything.
    const signal = () => /was killed: .*/.exec(own.run.lines.join('\n'))?.[0];
    expect(reason ?? (await until('the signal is logged', signal))).toMatch(ended);
  });
});

describe.concurrent('a redirect', () => {
  it.each([
    { path: 'moved', name: '127.0.0.1' },
    { path: 'named', name: 'localhost' },
  ])('to $name is followed, since its address is allowed', async ({ name, path }) => {
    const camera = owned(await OddCamera.start(moved(() => cameras.url(path).replace('127.0.0.1', name))));
    const source = sources.capture({ location: camera.url });
    await source.has('video', 10);
    await source.close();
    await until('TEARDOWN', () => cameras.count('TEARDOWN', path) === 1);
  });

  it.each(['rtsp', 'rtsph', 'rtsps'])('to another address with %s is not followed', async (scheme) => {
    const other = owned(await OddCamera.start(status('404 Not Found'), '127.0.0.2'));
    const camera = owned(await OddCamera.start(moved(() => other.url.replace('rtsp:', `${scheme}:`))));
    const source = sources.capture({ location: camera.url });
    expect(await source.ended()).toMatchObject({ reason: 'notAllowed', text: '127.0.0.2 is not allowed' });
    expect(other.connections).toBe(0);
  });

  it('to itself is followed four times', async () => {
    const camera: OddCamera = owned(await OddCamera.start(moved(() => camera.url)));
    const source = sources.capture({ location: camera.url });
    expect(await source.ended()).toMatchObject({ reason: 'failed', text: 'too many redirects' });
    expect(camera.requests.filter((method) => method === 'DESCRIBE')).toHaveLength(5);
  });
});

const SHORT = { 'timeout-ms': 1_000, 'stall-ms': 1_000 };

describe.concurrent('RTMP and SRT', () => {
  it('are read from nginx, with each fault of it', async () => {
    const server = owned(await startRtmpServer());
    const encoder = owned(startEncoder(`${server.url}/live`, 'flv'));
    const capture = (location: string, spec: Spec = {}): CapturedSource =>
      sources.capture({ kind: 'rtmp', location, ...spec });
    const unknown = await capture(`${server.url}/unknown`, SHORT).ended();
    expect(unknown).toMatchObject({ reason: 'stalled', text: 'no video within 2000 ms' });
    expect(unknown.ms).toBeLessThan(4_200);
    const closed = await capture(server.url.replace('live', 'other/live')).ended();
    expect(closed).toMatchObject({
      reason: 'unreachable',
      text: expect.stringContaining('connection closed remotely'),
    });
    const source = capture(`${server.url}/live`);
    await source.has('video', 50);
    await source.has('audio', 75);
    await encoder.stop('SIGKILL');
    expect(await source.ended()).toMatchObject({ reason: 'endOfStream' });
    expect(source.event('track', 'video')).toMatchObject(VIDEO);
    await checkVideo(source);
    checkAudio(source, 'AAC');
  });

  it('are read from an encoder that asks for a passphrase', async () => {
    const port = await freePort();
    // The timestamps of MPEG-TS, 33 bits of 90 kHz, begin anew within the capture.
    const url = `srt://127.0.0.1:${port}?mode=listener&passphrase=0123456789`;
    const encoder = owned(startEncoder(url, 'mpegts', { from: 2 ** 33 / 90_000 - 2.5 }));
    const location = `srt://127.0.0.1:${port}`;
    await until('the encoder listens', () => isBound(port));
    for (const spec of [{ passphrase: 'abcdefghijk' }, {}]) {
      const refused = await sources.capture({ kind: 'srt', location, ...spec }).ended();
      expect(refused).toMatchObject({
        reason: 'unauthorized',
        text: expect.stringContaining('Failed to authenticate'),
      });
    }
    const source = sources.capture({ kind: 'srt', location, passphrase: '0123456789' });
    await source.has('video', 50);
    await source.has('audio', 75);
    expect(await source.close()).toBeLessThan(1_000);
    await encoder.stop('SIGKILL');
    await checkVideo(source);
    checkAudio(source, 'AAC');
    // All packets of a frame have one timestamp. A frame is 40 ms, and a round of the timestamps of MPEG-TS is no whole ms.
    const frameSteps = steps(
      source.packets('video').map(({ timestamp }) => timestamp),
      32,
    );
    expect(frameSteps.filter((step) => step !== 0 && Math.abs(step - 3_600) > 1)).toEqual([]);
  });

  it('are refused with H265', async () => {
    const port = await freePort();
    owned(startEncoder(`srt://127.0.0.1:${port}?mode=listener`, 'mpegts', { codec: 'h265' }));
    await until('the encoder listens', () => isBound(port));
    const source = sources.capture({ kind: 'srt', location: `srt://127.0.0.1:${port}` });
    expect(await source.ended()).toMatchObject({ reason: 'unsupported', text: 'video codec H265' });
  });

  it.each(['rtsp', 'rtmp', 'srt'])('%s finds nobody at a closed port', async (kind) => {
    const location = `${kind}://127.0.0.1:${await freePort()}/live/cam`.replace(/(srt:.*?)\/live.*/, '$1');
    const last = await sources.capture({ kind, location }).ended();
    expect(last).toMatchObject({ event: 'ended', reason: 'unreachable' });
    expect(last.ms).toBeLessThan(4_000);
  });

  it.each(['rtsp', 'rtmp'])('%s gives up a black hole', async (kind) => {
    const hole = owned(await startBlackHole());
    const last = await sources
      .capture({ kind, location: `${kind}://127.0.0.1:${hole.port}/live/cam`, ...SHORT })
      .ended();
    expect(last).toMatchObject({ event: 'ended', reason: expect.stringMatching(/^(unreachable|stalled)$/) });
    expect(last.ms).toBeLessThan(4_200);
  });
});

/** True if a UDP port of loopback is in use (proc(5), /proc/net/udp). */
const isBound = (port: number): boolean =>
  ['/proc/net/udp', '/proc/net/udp6'].some((file) =>
    readFileSync(file, 'utf8').includes(`:${port.toString(16).toUpperCase().padStart(4, '0')} `),
  );

const RIGHT = 'kind=rtsp\nlocation=rtsp://127.0.0.1/\nallow=127.0.0.1\n';
const SECRET = 'hunter2';

describe.concurrent('a spec is refused:', () => {
  it.each([
    { spec: 'location=rtsp://127.0.0.1/\n\n', text: 'kind is not rtsp, rtmp or srt' },
    { spec: RIGHT, text: 'the spec is incomplete, longer than 8192 bytes, or not text' },
    {
      spec: `${RIGHT}password=${SECRET}${'x'.repeat(8_200)}\n\n`,
      text: 'the spec is incomplete, longer than 8192 bytes, or not text',
    },
    {
      spec: `${RIGHT}password=${SECRET}\u0000\n\n`,
      text: 'the spec is incomplete, longer than 8192 bytes, or not text',
    },
    { spec: `${RIGHT}password ${SECRET}\n\n`, text: 'line 4 of the spec is not key=value' },
    { spec: `${RIGHT}password=${SECRET}\t\n\n`, text: 'line 4 of the spec is not key=value' },
    { spec: `${RIGHT}secret=${SECRET}\n\n`, text: 'line 4 of the spec has an unknown key' },
    { spec: `${RIGHT}kind=rtsp\n\n`, text: 'kind is given twice' },
    { spec: `${RIGHT}passphrase=${SECRET}\n\n`, text: 'passphrase is not known for rtsp' },
    { spec: `${RIGHT}transport=http\n\n`, text: 'transport is not tcp or udp' },
    { spec: `${RIGHT}audio=aac\n\n`, text: 'audio is not opus or none' },
    { spec: `${RIGHT}stall-ms=0\n\n`, text: 'stall-ms or timeout-ms is not a number from 1 to 3600000' },
    { spec: 'kind=rtsp\nallow=127.0.0.1\n\n', text: 'location and allow are required' },
    { spec: 'kind=rtsp\nallow=localhost\nlocation=rtsp://localhost/\n\n', text: 'allow is not a list of IP addresses' },
    { spec: 'kind=rtsp\nallow=127.0.0.1\nlocation=rtsps://127.0.0.1/\n\n', text: 'location is not a URL of rtsp' },
    {
      spec: `kind=rtsp\nallow=127.0.0.1\nlocation=rtsp://u:${SECRET}@127.0.0.1/\n\n`,
      text: 'location has credentials',
    },
    { spec: 'kind=rtmp\nallow=127.0.0.1\nlocation=rtmp://127.0.0.1\n\n', text: 'location has no path' },
    {
      spec: `kind=srt\nallow=127.0.0.1\nlocation=srt://127.0.0.1:9?passphrase=${SECRET}\n\n`,
      text: 'location is not srt://ADDRESS:PORT or srt://ADDRESS:PORT?streamid=ID',
    },
    {
      spec: 'kind=srt\nallow=127.0.0.1\nlocation=srt://127.0.0.1:9\npassphrase=short\n\n',
      text: 'passphrase does not have 10 to 79 bytes',
    },
  ])('$text', async ({ spec, text }) => {
    const source = new CapturedSource(sources.socket, spec);
    expect(await source.ended()).toMatchObject({ event: 'ended', reason: 'failed', text });
    expect(JSON.stringify(source.events)).not.toContain(SECRET);
  });

  it('a host that is not allowed', async () => {
    for (const host of ['127.0.0.2', 'localhost', '[::1]', '[::ffff:127.0.0.1]']) {
      const source = sources.capture({ location: `rtsp://${host}/` });
      expect(await source.ended()).toMatchObject({
        reason: 'notAllowed',
        text: 'the host of location is not in allow',
      });
    }
  });
});

it('nothing is left after all these captures: no process and no open file', async () => {
  await until('the captures have ended', () => sources.captures().length === 0);
  expect(sources.openFiles()).toBe(idle);
});
