import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { startEncoder, startRtmpServer } from '../clients/encoders.ts';
import { CameraSite } from '../harness/camera-site.ts';
import type { ApiAnswer } from '../harness/media-server.ts';
import { RtcClient } from '../harness/rtc-client.ts';
import { CREDENTIALS, SHOWN_PASSWORD } from '../harness/sources.ts';
import { streamCapture } from '../harness/stream-captures.ts';
import { until } from '../harness/wait.ts';

let site: CameraSite;

beforeAll(async () => {
  site = await CameraSite.start({ capture: { rest: true } });
  const { status } = await until('the capture program is connected', async () => {
    const answer = await site.server.api('/rtsp/startup', { uri: 'rtsp://192.0.2.1/' });
    return answer.status === 404 ? null : answer;
  });
  expect(status).toBe(500);
});
afterEach(async () => {
  await site.apply();
  const found = (await site.server.api('/rtsp/find_all')).body;
  for (const { uri } of Array.isArray(found) ? found : []) await site.server.api('/rtsp/terminate', { uri });
  await site.clear();
});
afterAll(() => site?.stop());

const startup = (uri: string, more: object = {}): Promise<ApiAnswer> =>
  site.server.api('/rtsp/startup', { uri, ...more });
async function plays(name: string): Promise<void> {
  const player = await RtcClient.play(`${site.server.url}/whep/defaultApp/${encodeURIComponent(name)}`);
  await player.connected();
  await until('packets arrive', () => player.received > 20);
  await fetch(player.location, { method: 'DELETE' });
  player.close();
}

it('/pull/rtmp captures a server, says how that goes, and ends', async () => {
  // Nothing listens there.
  const uri = `rtmp://${site.network.address}:9/live/gate`;
  const asked = { uri, localStreamName: 'pulled', hasAudio: true, hasVideo: true };
  expect((await site.server.api('/pull/rtmp/pull', asked)).status).toBe(200);
  expect((await site.server.api('/pull/rtmp/pull', asked)).status).toBe(409);
  const listed = { uri, status: 'Unreachable', localStreamName: 'pulled' };
  await until('it is told', async () => {
    const { body } = await site.server.api('/pull/rtmp/find_all');
    return JSON.stringify(body) === JSON.stringify([listed]);
  });
  expect((await site.server.api('/rtsp/find_all')).status).toBe(404);
  expect((await site.server.api('/pull/rtmp/terminate', { uri })).status).toBe(200);
  expect((await site.server.api('/pull/rtmp/terminate', { uri })).status).toBe(404);
});

it('/pull/rtmp captures what an encoder sends to a server, under the name that it was given', async ({
  onTestFinished,
}) => {
  const rtmp = await startRtmpServer(site.network);
  onTestFinished(() => rtmp.stop());
  const encoder = startEncoder(`${rtmp.url}/cam`, 'flv', { at: site.network });
  onTestFinished(() => encoder.stop());
  const uri = `${rtmp.url}/cam`;
  expect((await site.server.api('/pull/rtmp/pull', { uri, localStreamName: 'film' })).status).toBe(200);
  await site.captured('film');
  await plays('film');
  expect((await site.server.api('/pull/rtmp/find_all')).body).toEqual([
    { uri, status: 'PLAYING', localStreamName: 'film', localMediaSessionId: expect.any(String) },
  ]);
  expect((await site.server.api('/pull/rtmp/terminate', { uri })).status).toBe(200);
  await until('it is gone', async () => (await site.server.streams()).length === 0);
});

describe('/rtsp', () => {
  it('captures a camera with the credentials of its URI, until it is terminated', async () => {
    const path = 'aac';
    const url = site.cameras.url(path, 'digest');
    const uri = url.replace('rtsp://', `rtsp://cam:${encodeURIComponent(CREDENTIALS.password)}@`);
    expect(await startup(uri, { toStream: 'gate' })).toMatchObject({ status: 200 });
    await site.captured('gate');
    await plays('gate');
    // Also by its URL, without the credentials.
    await plays(url);
    expect((await startup(url, { toStream: 'other' })).status).toBe(409);
    expect((await startup(site.cameras.url('silent'), { toStream: 'gate' })).status).toBe(409);
    expect((await site.server.api('/rtsp/find_all')).body).toEqual([
      { uri: url, status: 'PLAYING', localStreamName: 'gate', localMediaSessionId: expect.any(String) },
    ]);
    const before = site.cameras.count('TEARDOWN', path);
    expect((await site.server.api('/rtsp/terminate', { uri })).status).toBe(200);
    await site.left(path, before + 1);
    expect((await site.server.api('/rtsp/terminate', { uri })).status).toBe(404);
    expect((await site.server.api('/rtsp/find_all')).status).toBe(404);
    expect(site.server.process.lines.join('\n')).not.toMatch(SHOWN_PASSWORD);
  });

  it('captures nothing outside of what is allowed', async () => {
    for (const uri of ['rtsp://192.0.2.1/', 'rtsp://127.0.0.1/', 'rtsp://169.254.169.254/']) {
      expect((await startup(uri)).status).toBe(500);
    }
    expect((await site.server.api('/rtsp/find_all')).status).toBe(404);
  });

  it('captures a camera under its URL, and again after somebody has ended its stream', async () => {
    const uri = site.cameras.url('pcmu');
    for (let round = 1; round <= 2; round++) {
      expect((await startup(uri)).status).toBe(200);
      await site.captured(uri);
      await site.server.terminate({ name: uri, published: true });
      await site.left('pcmu', round);
      await until('it is gone', async () => (await site.server.api('/rtsp/find_all')).status === 404);
    }
  });

  it('ends the stream of a StreamCapture, which then is held, and starts it again', async () => {
    const uri = site.cameras.url('stopped');
    await site.apply(streamCapture('yard', { rtsp: { url: uri } }));
    await site.captured('yard');
    expect((await startup(uri)).status).toBe(409);
    expect((await site.server.api('/rtsp/terminate', { uri })).status).toBe(200);
    await site.left('stopped', 1);
    await until('it is held', async () =>
      JSON.stringify((await site.server.api('/rtsp/find_all')).body).includes('Terminated'),
    );
    expect((await startup(uri)).status).toBe(200);
    await site.captured('yard');
  });
});
