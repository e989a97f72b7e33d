import { afterEach, describe, expect, it } from 'vitest';
import { type ServerSetup, TestServer } from '../fixtures/harness/media-server.ts';
import { RtcClient } from '../fixtures/harness/rtc-client.ts';
import { until } from '../fixtures/harness/wait.ts';

const stops: (() => unknown)[] = [];

afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop();
});

async function serverWith(setup: ServerSetup): Promise<TestServer> {
  const server = await TestServer.start(setup);
  stops.push(() => server.stop());
  return server;
}

async function client(server: TestServer, mode: 'publish' | 'play', name: string): Promise<RtcClient> {
  const started = await RtcClient[mode](`${server.url}/${mode === 'publish' ? 'whip' : 'whep'}/defaultApp/${name}`);
  stops.push(() => started.close());
  return started;
}

async function published(server: TestServer, name: string): Promise<RtcClient> {
  const publisher = await client(server, 'publish', name);
  await publisher.connected();
  await until('it is live', async () =>
    (await server.streams()).some((s) => s['name'] === name && s['status'] === 'PUBLISHING'),
  );
  return publisher;
}

describe('limits', () => {
  it('of publications per app and per pod are answered 503 with the limit', async () => {
    const perApp = await serverWith({ streamApp: { limits: { publications: 1 } } });
    await published(perApp, 'a');
    const second = await client(perApp, 'publish', 'b');
    expect([second.status, second.problem]).toEqual([503, expect.stringContaining('takes 1 publications')]);

    const perPod = await serverWith({ mediaServer: { limits: { publications: 1 } } });
    await published(perPod, 'a');
    expect((await client(perPod, 'publish', 'b')).status).toBe(503);
  });

  it('of playbacks per stream and per pod', async () => {
    const server = await serverWith({
      streamApp: { limits: { playbacksPerStream: 1 } },
      mediaServer: { limits: { playbacks: 2 } },
    });
    await published(server, 'a');
    await published(server, 'b');
    expect((await client(server, 'play', 'a')).status).toBe(201);
    expect((await client(server, 'play', 'a')).status).toBe(503);
    expect((await client(server, 'play', 'b')).status).toBe(201);
    expect((await client(server, 'play', 'b')).status).toBe(503);
  });

  it('of the duration end a stream with `limit`', async () => {
    const server = await serverWith({ streamApp: { limits: { duration: '1s' } } });
    const publisher = await published(server, 'a');
    await publisher.ended();
    const { body } = await server.api('/stream/ended');
    expect(body).toMatchObject([{ name: 'a', status: 'FAILED', cause: 'limit', info: 'Stopped by limit' }]);
  });
});

describe('codecs of an app', () => {
  it('are all that is negotiated, and an offer without any of them is 406', async () => {
    const server = await serverWith({ streamApp: { codecs: ['H264'] } });
    const refused = await client(server, 'publish', 'a');
    expect([refused.status, refused.problem]).toEqual([406, expect.stringContaining('h264')]);
  });
});
