import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ANY, anyAddress } from '../../process/addresses.ts';
import { Backend } from '../harness/backend.ts';
import { TestServer } from '../harness/media-server.ts';
import { RtcClient } from '../harness/rtc-client.ts';
import { until } from '../harness/wait.ts';

/** The addresses for media in the answer to an offer. */
const announced = (answer: string): string[] =>
  [...answer.matchAll(/^a=candidate:\S+ \d \S+ \d+ (\S+) /gm)].map(([, address = '']) => address);

describe.runIf(anyAddress() === ANY)('a media server without an address option', () => {
  let backend: Backend;
  let server: TestServer;

  beforeAll(async () => {
    backend = await Backend.start(0, '::1');
    server = await TestServer.start({
      listenAddress: null,
      hookUrl: backend.url,
      mediaServer: { media: { announcedAddress: undefined } },
    });
  });

  afterAll(async () => {
    await server.stop();
    await backend.close();
  });

  it.each([
    ['::1', '[::1]'],
    ['127.0.0.1', '127.0.0.1'],
  ])('handles signalling, media and backend calls over %s', async (address, host) => {
    const name = `cam-${address}`;
    const base = server.url.replace('127.0.0.1', host);
    const via = (kind: string): string => `${base}/${kind}/defaultApp/${encodeURIComponent(name)}`;
    const publisher = await RtcClient.publish(via('whip'), { bindAddress: address });
    await publisher.connected();
    const player = await RtcClient.play(via('whep'), { bindAddress: address });
    await player.connected();
    await until('packets arrive', () => player.received > 0);
    expect(new Set(announced(publisher.answer))).toEqual(new Set(['127.0.0.1', '::1']));
    expect(publisher.connection.getSelectedCandidatePair()?.remote.address).toBe(address);
    const { body } = await backend.waitFor('publishStream', (call) => call.body['name'] === name);
    expect(body['nodeId']).toBe('pod-0@127.0.0.1');
    await backend.waitFor('StreamKeepAliveEvent', (call) => call.body['name'] === name);
    for (const client of [publisher, player]) client.close();
  });

  it('answers health checks over both', async () => {
    for (const url of [server.opsUrl, server.opsUrl.replace('127.0.0.1', '[::1]')]) {
      expect((await fetch(`${url}/readyz`)).status).toBe(200);
    }
  });
});

describe.runIf(anyAddress() === ANY)('a media server on an IPv6 address only', () => {
  it('logs it as in a URL', async () => {
    const server = await TestServer.start({ mediaServer: { media: { announcedAddress: '::1' } } });
    try {
      const publisher = await RtcClient.publish(`${server.url}/whip/defaultApp/cam`);
      expect(await server.streams()).toMatchObject([{ nodeId: 'pod-0@[::1]' }]);
      publisher.close();
    } finally {
      await server.stop();
    }
  });
});
