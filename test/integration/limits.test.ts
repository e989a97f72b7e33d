import { afterEach, describe, expect, it } from 'vitest';
import { Stage } from '../harness/stage.ts';
import { until } from '../harness/wait.ts';

const stage = new Stage();

afterEach(() => stage.clear());

describe('limits', () => {
  it('on publications per app and per pod are answered with 503 and the limit', async () => {
    const perApp = await stage.server({ streamApp: { limits: { publications: 1 } } });
    await stage.publish(perApp, 'a');
    const second = await stage.client(perApp, 'publish', 'b');
    expect([second.status, second.problem]).toEqual([
      503,
      expect.stringContaining('has reached its limit of 1 publication'),
    ]);

    const perPod = await stage.server({ mediaServer: { limits: { publications: 1 } } });
    await stage.publish(perPod, 'a');
    expect((await stage.client(perPod, 'publish', 'b')).status).toBe(503);
  });

  it('on playbacks per stream and per pod are answered with 503', async () => {
    const server = await stage.server({
      streamApp: { limits: { playbacksPerStream: 1 } },
      mediaServer: { limits: { playbacks: 2 } },
    });
    await stage.publish(server, 'a');
    await stage.publish(server, 'b');
    expect((await stage.client(server, 'play', 'a')).status).toBe(201);
    expect((await stage.client(server, 'play', 'a')).status).toBe(503);
    expect((await stage.client(server, 'play', 'b')).status).toBe(201);
    expect((await stage.client(server, 'play', 'b')).status).toBe(503);
  });

  it('on the duration end a stream with `limit`', async () => {
    const server = await stage.server({ streamApp: { limits: { duration: '1s' } } });
    const publisher = await stage.publish(server, 'a');
    await publisher.ended();
    // The worker tells the client before it tells the media server that the transport is closed.
    const ended = await until('its end is listed', async () => {
      const { body } = await server.api('/stream/ended');
      return (body as object[]).length > 0 && body;
    });
    expect(ended).toMatchObject([{ name: 'a', status: 'FAILED', cause: 'limit', info: 'Stopped by limit' }]);
  });
});

describe('codecs of an app', () => {
  it('are the only ones negotiated, and an m-line without any of them gets 422', async () => {
    const server = await stage.server({ streamApp: { codecs: ['H264'] } });
    const refused = await stage.client(server, 'publish', 'a');
    expect([refused.status, refused.problem]).toEqual([
      422,
      expect.stringContaining('has no audio codec that is allowed here (none)'),
    ]);
  });
});
