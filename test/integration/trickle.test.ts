import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TestServer } from '../harness/media-server.ts';
import { RtcClient } from '../harness/rtc-client.ts';
import { until } from '../harness/wait.ts';

let server: TestServer;
const clients: RtcClient[] = [];

beforeAll(async () => {
  server = await TestServer.start();
});

afterAll(async () => {
  for (const client of clients) client.close();
  await server?.stop();
});

const patch = async ({ location }: RtcClient, ifMatch: string, lines: readonly string[]) => {
  const headers = { 'content-type': 'application/trickle-ice-sdpfrag', 'if-match': ifMatch };
  const response = await fetch(location, { method: 'PATCH', headers, body: `${lines.join('\r\n')}\r\n` });
  return { status: response.status, etag: response.headers.get('etag'), body: await response.text() };
};

const TRICKLED = { status: 204, etag: null, body: '' };

function linesOf(client: RtcClient, prefix: string): string[] {
  const lines = (client.connection.localDescription()?.sdp ?? '').split('\r\n');
  return [...new Set(lines.filter((line) => line.startsWith(prefix)))];
}

/** Unusable candidates that clients do send. */
const USELESS = [
  'a=candidate:',
  'a=candidate:1 1 udp 99999999999 192.0.2.1 61764 typ host',
  'a=candidate:1 1 ssltcp 2122260223 192.0.2.1 443 typ host',
  'a=candidate:1 1 udp 2122260223 4f21a1f0-2d2b-4b6e-9d3b-0c4f7a9e5a11.local 61764 typ host',
  'a=',
];

describe('trickle ICE', () => {
  it('with If-Match: * and the session credentials per candidate affects neither publisher nor player', async () => {
    const publisher = await RtcClient.publish(`${server.url}/whip/defaultApp/trickled`);
    clients.push(publisher);
    await publisher.connected();
    const player = await RtcClient.play(`${server.url}/whep/defaultApp/trickled`);
    clients.push(player);
    for (const client of [publisher, player]) {
      const credentials = [...linesOf(client, 'a=ice-ufrag:'), ...linesOf(client, 'a=ice-pwd:')];
      expect(credentials).toHaveLength(2);
      for (const candidate of [...linesOf(client, 'a=candidate:'), ...USELESS, 'a=end-of-candidates']) {
        const media = ['m=audio 9 UDP/TLS/RTP/SAVPF 111', 'a=mid:0'];
        expect(await patch(client, '*', [...credentials, ...media, candidate])).toEqual(TRICKLED);
        expect(await patch(client, client.etag, [...media, candidate])).toEqual(TRICKLED);
      }
    }
    await player.connected();
    const before = player.received;
    await until('media arrives after all of this', () => player.received > before + 50);
    expect([publisher.endedAt, player.endedAt]).toEqual([null, null]);
  });

  it('restarts only on new credentials, if the list names the current ICE session', async () => {
    const client = await RtcClient.publish(`${server.url}/whip/defaultApp/restarted`);
    clients.push(client);
    await client.connected();
    const credentials = ['a=ice-ufrag:anew', 'a=ice-pwd:newpassword0123456789012'];
    expect((await patch(client, '"old"', credentials)).status).toBe(412);
    const restarted = await patch(client, `"old", W/${client.etag}`, credentials);
    expect(restarted).toMatchObject({ status: 200, body: expect.stringContaining('a=ice-pwd:') });
    expect(restarted.etag).not.toBe(client.etag);
    expect(restarted.body).toContain(`a=ice-ufrag:${restarted.etag?.slice(1, -1)}\r\n`);
    expect((await patch(client, client.etag, credentials)).status).toBe(412);
    expect(await patch(client, restarted.etag ?? '', credentials)).toEqual(TRICKLED);
  });

  it('is refused if the body is not a fragment', async () => {
    const client = await RtcClient.publish(`${server.url}/whip/defaultApp/refused`);
    clients.push(client);
    expect((await patch(client, '*', ['{"candidate":""}'])).status).toBe(400);
    expect((await patch(client, '*', [])).status).toBe(400);
  });
});
