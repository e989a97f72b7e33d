import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { CameraNetwork } from '../harness/camera-network.ts';
import { type ApiAnswer, TestServer, toYaml } from '../harness/media-server.ts';
import { freePort } from '../harness/ports.ts';
import { RtcClient } from '../harness/rtc-client.ts';
import { RtspCameras } from '../harness/sources.ts';
import { until } from '../harness/wait.ts';

const SLOW = { timeoutMs: 20_000 };
const PASSWORD = 'p@ss:w/ö %41';

let network: CameraNetwork;
let cameras: RtspCameras;
let server: TestServer;
/** The manifests of the media server without captures. */
let base = '';

beforeAll(async () => {
  network = new CameraNetwork();
  cameras = await RtspCameras.start(network);
  server = await TestServer.start({
    args: ['--internal-port', String(await freePort())],
    mediaServer: { capture: { rest: true, allow: [{ cidr: `${network.address}/32` }] } },
  });
  await server.edit((text) => (base = text));
  const { status } = await until('the capture program is connected', async () => {
    const answer = await server.api('/rtsp/startup', { uri: 'rtsp://192.0.2.1/' });
    return answer.status === 404 ? null : answer;
  });
  expect(status).toBe(500);
});
afterEach(async () => {
  await server.edit(() => base);
  const found = (await server.api('/rtsp/find_all')).body;
  for (const { uri } of Array.isArray(found) ? found : []) await server.api('/rtsp/terminate', { uri });
  await until('nothing is captured', async () => (await server.streams()).length === 0, SLOW);
});
afterAll(async () => {
  await server?.stop();
  await cameras?.run.stop('SIGKILL');
  network?.remove();
});

const startup = (uri: string, more: object = {}): Promise<ApiAnswer> => server.api('/rtsp/startup', { uri, ...more });
const isLive = async (name: string): Promise<boolean> =>
  (await server.api('/stream/find', { name, published: true, status: 'PUBLISHING' })).status === 200;
const captured = (name: string): Promise<unknown> => until(`${name} is captured`, () => isLive(name), SLOW);
const left = (path: string, times: number): Promise<unknown> =>
  until(`${path} is left`, () => cameras.count('TEARDOWN', path) === times, SLOW);

async function plays(name: string): Promise<void> {
  const player = await RtcClient.play(`${server.url}/whep/defaultApp/${encodeURIComponent(name)}`);
  await player.connected();
  await until('packets arrive', () => player.received > 20);
  await fetch(player.location, { method: 'DELETE' });
  player.close();
}

it('/pull/rtmp captures a server, says how that goes, and ends', async () => {
  // Nothing listens there.
  const uri = `rtmp://${network.address}:9/live/gate`;
  const asked = { uri, localStreamName: 'pulled', hasAudio: true, hasVideo: true };
  expect((await server.api('/pull/rtmp/pull', asked)).status).toBe(200);
  expect((await server.api('/pull/rtmp/pull', asked)).status).toBe(409);
  const listed = { uri, status: 'Unreachable', localStreamName: 'pulled' };
  await until('it is told', async () => {
    const { body } = await server.api('/pull/rtmp/find_all');
    return JSON.stringify(body) === JSON.stringify([listed]);
  });
  expect((await server.api('/rtsp/find_all')).status).toBe(404);
  expect((await server.api('/pull/rtmp/terminate', { uri })).status).toBe(200);
  expect((await server.api('/pull/rtmp/terminate', { uri })).status).toBe(404);
});

describe('/rtsp', () => {
  it('captures a camera with the credentials of its URI, until it is terminated', async () => {
    const path = 'aac';
    const url = cameras.url(path, 'digest');
    const uri = url.replace('rtsp://', `rtsp://cam:${encodeURIComponent(PASSWORD)}@`);
    expect(await startup(uri, { toStream: 'gate' })).toMatchObject({ status: 200 });
    await captured('gate');
    await plays('gate');
    // Also by its URL, without the credentials.
    await plays(url);
    expect((await startup(url, { toStream: 'other' })).status).toBe(409);
    expect((await startup(cameras.url('silent'), { toStream: 'gate' })).status).toBe(409);
    expect((await server.api('/rtsp/find_all')).body).toEqual([
      { uri: url, status: 'PLAYING', localStreamName: 'gate', localMediaSessionId: expect.any(String) },
    ]);
    const before = cameras.count('TEARDOWN', path);
    expect((await server.api('/rtsp/terminate', { uri })).status).toBe(200);
    await left(path, before + 1);
    expect((await server.api('/rtsp/terminate', { uri })).status).toBe(404);
    expect((await server.api('/rtsp/find_all')).status).toBe(404);
    const log = server.process.lines.join('\n');
    for (const secret of [PASSWORD, encodeURIComponent(PASSWORD), 'p@ss']) expect(log).not.toContain(secret);
  });

  it('captures nothing outside of what is allowed', async () => {
    for (const uri of ['rtsp://192.0.2.1/', 'rtsp://127.0.0.1/', 'rtsp://169.254.169.254/']) {
      expect((await startup(uri)).status).toBe(500);
    }
    expect((await server.api('/rtsp/find_all')).status).toBe(404);
  });

  it('captures a camera under its URL, and again after somebody has ended its stream', async () => {
    const uri = cameras.url('pcmu');
    for (let round = 1; round <= 2; round++) {
      expect((await startup(uri)).status).toBe(200);
      await captured(uri);
      await server.terminate({ name: uri, published: true });
      await left('pcmu', round);
      await until('it is gone', async () => (await server.api('/rtsp/find_all')).status === 404);
    }
  });

  it('ends the stream of a StreamCapture, which then is held, and starts it again', async () => {
    const uri = cameras.url('stopped');
    const spec = { appRef: { name: 'default' }, name: 'yard', rtsp: { url: uri } };
    const object = { apiVersion: 'sluice.dev/v1alpha1', kind: 'StreamCapture', metadata: { name: 'yard' }, spec };
    await server.edit(() => [base, toYaml([object])].join('---\n'));
    await captured('yard');
    expect((await startup(uri)).status).toBe(409);
    expect((await server.api('/rtsp/terminate', { uri })).status).toBe(200);
    await left('stopped', 1);
    await until('it is held', async () =>
      JSON.stringify((await server.api('/rtsp/find_all')).body).includes('Terminated'),
    );
    expect((await startup(uri)).status).toBe(200);
    await captured('yard');
  });
});
