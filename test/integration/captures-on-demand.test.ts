import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { startBlackHole } from '../clients/encoders.ts';
import { Backend } from '../harness/backend.ts';
import { CameraSite } from '../harness/camera-site.ts';
import { RtcClient } from '../harness/rtc-client.ts';
import { streamCapture } from '../harness/stream-captures.ts';
import { until } from '../harness/wait.ts';
import { WebSdkPages } from '../harness/websdk-pages.ts';

const SLOW = { timeoutMs: 20_000 };

let backend: Backend;
let site: CameraSite;

beforeAll(async () => {
  backend = await Backend.start();
  site = await CameraSite.start({ hookUrl: backend.url, mediaServer: { webSdk: {} } });
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

const ON_DEMAND = { mode: 'OnDemand', onDemand: { startTimeout: '5s', idleTimeout: '1s' } };

const ofCamera = (name: string, url: string, spec: object = ON_DEMAND): object =>
  streamCapture(name, { rtsp: { url }, ...spec });

const play = (name: string): Promise<RtcClient> =>
  RtcClient.play(`${site.server.url}/whep/defaultApp/${encodeURIComponent(name)}`);

/** The program of captures is told of a change a moment after it was written. */
async function playSoon(name: string): Promise<RtcClient> {
  return await until(
    `${name} can be played`,
    async () => {
      const player = await play(name);
      if (player.status === 201) return player;
      player.close();
      return null;
    },
    SLOW,
  );
}

async function leave(player: RtcClient): Promise<void> {
  await fetch(player.location, { method: 'DELETE' });
  player.close();
}

describe('a StreamCapture with the mode OnDemand', () => {
  it('captures its camera while somebody plays it', async () => {
    const path = 'silent';
    await site.apply(ofCamera('gate', site.cameras.url(path)), ofCamera('other', site.cameras.url('frozen')));
    const first = await playSoon('gate');
    await first.connected();
    await until('packets arrive', () => first.received > 20);
    const second = await play('gate');
    await second.connected();
    expect(site.cameras.count('PLAY', path)).toBe(1);
    await leave(first);
    await sleep(3_000);
    expect(await site.isLive('gate')).toBe(true);
    await leave(second);
    await site.left(path, 1);
    expect((await backend.waitFor('unPublishStream')).body).toMatchObject({ name: 'gate', info: 'Stopped by user' });
    expect(site.cameras.count('PLAY', 'frozen')).toBe(0);

    const again = await play('gate');
    expect(again.status).toBe(201);
    await again.connected();
    await leave(again);
    await site.left(path, 2);
  });

  it('is started once by many viewers', async () => {
    const path = 'pcmu';
    await site.apply(ofCamera('crowd', site.cameras.url(path)));
    await leave(await playSoon('crowd'));
    await site.left(path, 1);
    const players = await Promise.all(Array.from({ length: 10 }, () => play('crowd')));
    expect(players.map(({ status }) => status)).toEqual(players.map(() => 201));
    expect(site.cameras.count('PLAY', path)).toBe(2);
    await Promise.all(players.map(leave));
    await site.left(path, 2);
  });

  it('is not started by a viewer that the backend refuses', async () => {
    const path = 'aac16';
    await site.apply(ofCamera('private', site.cameras.url(path)));
    await leave(await playSoon('private'));
    await site.left(path, 1);
    backend.answer = ({ method }) => (method === 'playStream' ? 403 : 200);
    expect((await play('private')).status).toBe(403);
    await sleep(500);
    expect(site.cameras.count('PLAY', path)).toBe(1);
  });

  it('tells a viewer soon that its camera refuses the password, and does not ask the camera for each viewer', async () => {
    await site.apply(ofCamera('locked', site.cameras.url('aac', 'basic')));
    const player = await until('it is told', async () => {
      const tried = await play('locked');
      return tried.problem.includes('credentials') ? tried : null;
    });
    expect([player.status, player.postMs < 5_000]).toEqual([409, true]);
    expect(JSON.parse(player.problem).detail).toBe(
      'publication "locked" is not live in app "defaultApp": the source refuses the credentials',
    );
    const attempts = (): number => site.server.log.filter(({ reason }) => reason === 'unauthorized').length;
    await until('it is logged', () => attempts() > 0);
    expect((await play('locked')).status).toBe(409);
    expect(attempts()).toBe(1);
  });

  it('tells a viewer when its camera does not answer in time', async ({ onTestFinished }) => {
    const hole = await startBlackHole(site.network);
    onTestFinished(() => hole.stop());
    const slow = { mode: 'OnDemand', onDemand: { startTimeout: '1s' } };
    await site.apply(ofCamera('away', `rtsp://${site.network.address}:${hole.port}/x`, slow));
    const player = await until('it is told', async () => {
      const tried = await play('away');
      return tried.problem.includes('in time') ? tried : null;
    });
    expect(player.postMs).toBeGreaterThan(900);
    expect(player.status).toBe(409);
  });

  it('that somebody has ended is not started by viewers', async () => {
    const path = 'stopped';
    await site.apply(ofCamera('ended', site.cameras.url(path)));
    const player = await playSoon('ended');
    await player.connected();
    await site.server.terminate({ name: 'ended', published: true });
    await site.left(path, 1);
    const end = 'the publication of a capture has ended';
    await until('it is held', () => site.server.log.some(({ msg, name }) => msg === end && name === 'ended'));
    expect((await play('ended')).status).toBe(409);
    expect(site.cameras.count('PLAY', path)).toBe(1);
  });

  it('is played by pages of the Web SDK', async ({ onTestFinished }) => {
    const pages = await WebSdkPages.start('2.0.276');
    onTestFinished(() => pages.stop());
    await site.apply(ofCamera('page', site.cameras.url('aac')));
    await leave(await playSoon('page'));
    await site.left('aac', 1);
    const page = await pages.player(site.server.socketUrl, 'page');
    await page.play();
  });
});

describe('the URL of a camera as the name of a stream', () => {
  it.each([
    ['Always', {}],
    ['OnDemand', ON_DEMAND],
  ])('plays its capture, with the mode %s', async (mode, spec) => {
    const url = site.cameras.url('pcma');
    const name = `by-url-${mode.toLowerCase()}`;
    await site.apply(ofCamera(name, url, spec));
    const player = await playSoon(url);
    await player.connected();
    await until('packets arrive', () => player.received > 20);
    expect((await site.server.api('/stream/find', { published: false })).body).toMatchObject([{ name }]);
    for (const other of [`${url}/`, site.cameras.url('aac'), url.toUpperCase()]) {
      expect((await play(other)).status).toBe(409);
    }
    await leave(player);
  });

  it('is not a name under which somebody can publish in its place', async () => {
    const url = site.cameras.url('aac');
    const publisher = await RtcClient.publish(`${site.server.url}/whip/defaultApp/${encodeURIComponent(url)}`);
    await publisher.connected();
    expect((await play(url)).status).toBe(409);
    await leave(publisher);
  });

  it('is taken from pages of the Web SDK', async ({ onTestFinished }) => {
    const pages = await WebSdkPages.start('2.0.276');
    onTestFinished(() => pages.stop());
    const url = site.cameras.url('aac');
    await site.apply(ofCamera('sdk', url));
    const goodbyes = site.cameras.count('TEARDOWN', 'aac');
    await leave(await playSoon(url));
    await site.left('aac', goodbyes + 1);
    const page = await pages.player(site.server.socketUrl, url);
    await page.play();
  });
});
