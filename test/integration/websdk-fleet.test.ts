import { afterAll, afterEach, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { WebSdkClient } from '../clients/websdk-client.ts';
import { savedOffer } from '../fixtures/sdp/offers.ts';
import { Backend } from '../harness/backend.ts';
import type { TestServer } from '../harness/media-server.ts';
import { RtcClient } from '../harness/rtc-client.ts';
import { TestFleet } from '../harness/test-fleet.ts';
import { until } from '../harness/wait.ts';

let backend: Backend;
let fleet: TestFleet;
const media: RtcClient[] = [];
const pages: WebSdkClient[] = [];

beforeAll(async () => {
  backend = await Backend.start();
  fleet = await TestFleet.start(3, { hookUrl: backend.url, mediaServer: { webSdk: {} } });
});
afterEach(async () => {
  for (const { process } of fleet.servers) process.child.kill('SIGCONT');
  for (const client of [...media.splice(0), ...pages.splice(0)]) client.close();
  for (const server of fleet.servers) await server.terminate({}, '?scope=pod');
});
afterAll(async () => {
  await fleet?.stop();
  await backend?.close();
});

const pod = (index: number): TestServer => fleet.pod(index);

async function page(index: number): Promise<WebSdkClient> {
  const client = await WebSdkClient.connect(pod(index).socketUrl);
  pages.push(client);
  return client;
}

/** Publishes from a page, up to PUBLISHING. */
async function publishes(from: WebSdkClient, id: string, name: string): Promise<RtcClient> {
  const client = await RtcClient.publish('http://page/', { fetch: from.carries('publishStream', id, name) });
  media.push(client);
  if (client.status === 201) await from.status(id, 'PUBLISHING');
  return client;
}

/** Plays in a page, up to PLAYING; each attempt has an id of its own, since pods learn of publications a moment later. */
async function plays(to: WebSdkClient, id: string, name: string): Promise<{ id: string; client: RtcClient }> {
  let attempts = 0;
  return until(`a page plays ${name}`, async () => {
    const attempt = `${id}-${++attempts}`;
    const client = await RtcClient.play('http://page/', { fetch: to.carries('playStream', attempt, name) });
    media.push(client);
    if (client.status !== 201) return null;
    await to.status(attempt, 'PLAYING');
    return { id: attempt, client };
  });
}

/** An offer without a client: its stream stays PENDING. */
const offer = (mediaSessionId: string, name: string): object => ({
  ...{ mediaSessionId, name, published: true, mediaProvider: 'WebRTC', hasAudio: true, hasVideo: true },
  sdp: savedOffer('chromium-publish'),
});

const arrives = (client: RtcClient): Promise<unknown> => until('packets arrive', () => client.received > 0);

describe('pages on three pods', () => {
  it('play what WHIP publishes on another pod, through a pipe', async () => {
    const publisher = await RtcClient.publish(`${pod(0).url}/whip/defaultApp/a`);
    media.push(publisher);
    await publisher.connected();
    const viewer = await page(1);
    const { client, id } = await plays(viewer, 'v', 'a');
    await arrives(client);
    expect(await pod(1).metric('sluice_pipes', { direction: 'in' })).toBe(1);
    expect((await pod(2).terminate({ mediaSessionId: id })).body).toMatchObject({ matched: 1, terminated: 1 });
    expect(await viewer.status(id, 'FAILED')).toBe('info: Stopped by rest /terminate');
  });

  it('publish what WHEP and pages play on other pods, and end together', async () => {
    const publisher = await page(0);
    await publishes(publisher, 'p', 'a');
    const viewer = await page(1);
    const { client, id } = await plays(viewer, 'v', 'a');
    const whep = await until('WHEP plays', async () => {
      const player = await RtcClient.play(`${pod(2).url}/whep/defaultApp/a`);
      media.push(player);
      return player.status === 201 ? player : null;
    });
    await Promise.all([client, whep].map(arrives));
    publisher.send('unPublishStream', { mediaSessionId: 'p' });
    expect(await publisher.status('p', 'UNPUBLISHED')).toBe('info: Stopped by user');
    expect(await viewer.status(id, 'FAILED')).toBe('info: Stopped by publisher stop');
    await Promise.all([client, whep].map((each) => each.ended()));
    expect([publisher.closed, viewer.closed]).toEqual([null, null]);
  });

  it('are refused an id that is in use on another pod, before the backend is asked', async () => {
    const [owner, other] = [await page(0), await page(1)];
    await publishes(owner, 'p', 'a');
    const asked = backend.of('publishStream').length + backend.of('playStream').length;
    expect(await publishes(other, 'p', 'b')).toMatchObject({ status: 409, problem: 'Stream id is already in use' });
    const second = await page(2);
    second.send('playStream', { ...offer('p', 'a'), sdp: savedOffer('chromium-play'), published: false });
    expect(await second.status('p', 'FAILED')).toBe('info: Stream id is already in use');
    expect(backend.of('publishStream').length + backend.of('playStream').length).toBe(asked);
    expect((await pod(2).api('/stream/find', { mediaSessionId: 'p' })).body).toMatchObject([{ name: 'a' }]);
    // Another socket cannot end it, and it is free once it has ended.
    other.send('unPublishStream', { mediaSessionId: 'p' });
    owner.send('unPublishStream', { mediaSessionId: 'p' });
    await owner.status('p', 'UNPUBLISHED');
    expect((await publishes(second, 'q', 'c')).status).toBe(201);
  });

  it('hear what a publisher on another pod mutes and sends', async () => {
    const publisher = await page(0);
    await publishes(publisher, 'p', 'a');
    const event = (type: string, payload?: object): void =>
      publisher.send('sendStreamEvent', { mediaSessionId: 'p', type, payload });
    event('audioMuted');
    const viewer = await page(1);
    const { id } = await plays(viewer, 'v', 'a');
    const playing = { status: 'PLAYING', audioState: { muted: true }, videoState: { muted: false } };
    expect(viewer.statuses(id).at(-1)).toMatchObject(playing);
    event('data', { text: 'hello' });
    event('videoMuted');
    await until('the events arrive', () => viewer.events(id).length === 2);
    expect(viewer.events(id)).toEqual([
      { mediaSessionId: id, type: 'data', payload: { text: 'hello' } },
      { mediaSessionId: id, type: 'videoMuted' },
    ]);
    // One that comes to the same pipe later, and one on the pod of the publisher.
    for (const index of [1, 0]) {
      const late = await page(index);
      const muted = { audioState: { muted: true }, videoState: { muted: true } };
      expect(late.statuses((await plays(late, `late-${index}`, 'a')).id).at(-1)).toMatchObject(muted);
    }
  });
});

describe('while a pod is frozen', () => {
  it('a terminate says 503 for an id that a page has chosen, and 200 for one that a server has made', async () => {
    const frozen = await page(0);
    await publishes(frozen, 'x', 'a');
    const whip = await RtcClient.publish(`${pod(1).url}/whip/defaultApp/b`);
    media.push(whip);
    const [{ mediaSessionId, sessionId } = { mediaSessionId: '', sessionId: '' }] = (
      await pod(1).api('/stream/find', {
        name: 'b',
      })
    ).body as { mediaSessionId: string; sessionId: string }[];
    pod(0).process.child.kill('SIGSTOP');

    const other = await page(1);
    // Pod 0 cannot be asked, so the id seems to be free.
    other.send('publishStream', offer('x', 'c'));
    await other.answer('setRemoteSDP');
    expect(await pod(1).terminate({ mediaSessionId: 'x' })).toMatchObject({
      status: 503,
      body: { matched: 1, terminated: 1 },
    });
    expect((await pod(1).terminate({ mediaSessionId: 'x' })).status).toBe(503);
    expect(await pod(2).terminate({ mediaSessionId })).toMatchObject({ status: 200, body: { terminated: 1 } });
    expect((await pod(2).api('/connection/terminate', { sessionId })).status).toBe(503);

    pod(0).process.child.kill('SIGCONT');
    const last = await until('pod 0 answers', async () => {
      const answer = await pod(1).terminate({ mediaSessionId: 'x' });
      return answer.status === 503 ? null : answer;
    });
    expect([last.status, await frozen.status('x', 'FAILED')]).toEqual([200, 'info: Stopped by rest /terminate']);
    expect((await pod(2).terminate({ mediaSessionId: 'x' })).status).toBe(404);
  });
});

describe('a session', () => {
  it('is ended through any pod, also while another one is frozen', async () => {
    const client = await page(1);
    const { body } = await pod(2).api('/connection/find_all');
    const [{ sessionId } = { sessionId: '' }] = body as { sessionId: string }[];
    pod(0).process.child.kill('SIGSTOP');
    const answer = await pod(2).api('/connection/terminate', { sessionId });
    expect(answer).toMatchObject({ status: 200, body: { matched: 1, terminated: 1 } });
    await until('the socket is closed', () => client.closed !== null);
    expect(client.closed).toBe(1000);
  });
});

describe('a pod that is to be removed', () => {
  it('sends its pages away, those with streams after the last one, and takes them again afterwards', async () => {
    const [idle, busy, viewer] = [await page(2), await page(2), await page(1)];
    await publishes(busy, 'p', 'a');
    const { client, id } = await plays(viewer, 'v', 'a');
    await fleet.cordon(2, true);
    onTestFinished(() => fleet.cordon(2, false));
    // The ingress sends pages here for a few more seconds.
    await plays(await page(2), 'routed', 'a');
    expect(await publishes(busy, 'q', 'b')).toMatchObject({ problem: 'this media server is shutting down' });
    expect([idle.closed, busy.closed]).toEqual([null, null]);
    await until('the idle page is sent away', () => idle.closed !== null, { timeoutMs: 20_000 });
    expect([idle.closed, busy.closed]).toEqual([1001, null]);
    await expect(WebSdkClient.open(pod(2).socketUrl)).rejects.toThrow('is not opened');

    const before = client.received;
    await until('it plays on', () => client.received > before + 10);
    busy.send('unPublishStream', { mediaSessionId: 'p' });
    await until('the other page is sent away', () => busy.closed !== null);
    expect([busy.closed, await viewer.status(id, 'FAILED')]).toEqual([1001, 'info: Stopped by publisher stop']);

    await fleet.cordon(2, false);
    expect((await publishes(await page(2), 'r', 'a')).status).toBe(201);
  });
});

describe('a pod that drains', () => {
  it('closes idle sockets after 5 s, plays on, and closes the others after their last stream', async () => {
    const [publisher, idle, viewer] = [await page(0), await page(2), await page(2)];
    await publishes(publisher, 'p', 'a');
    const { client, id } = await plays(viewer, 'v', 'a');
    pod(2).process.child.kill('SIGTERM');
    await until('it drains', async () => !(await fetch(`${pod(2).opsUrl}/readyz`)).ok);
    // The ingress sends pages here for a few more seconds.
    const routed = await page(2);
    const late = await plays(routed, 'routed', 'a');
    expect(await publishes(viewer, 'q', 'b')).toMatchObject({ problem: 'this media server is shutting down' });
    expect([idle.closed, viewer.closed]).toEqual([null, null]);
    await until('the idle page is sent away', () => idle.closed !== null, { timeoutMs: 20_000 });
    expect([idle.closed, viewer.closed]).toEqual([1001, null]);
    const before = client.received;
    await until('it plays on', () => client.received > before + 10);
    viewer.send('stopStream', { mediaSessionId: id });
    routed.send('stopStream', { mediaSessionId: late.id });
    await until('the pages are sent away', () => viewer.closed !== null && routed.closed !== null);
    expect([viewer.closed, routed.closed]).toEqual([1001, 1001]);
    await pod(2).process.exited;
    const ends = backend.of('ConnectionStatusEvent').filter(({ body }) => body['info'] === 'Stopped by drain');
    expect(ends.length).toBeGreaterThanOrEqual(2);
    await fleet.restart(2);
  });
});
