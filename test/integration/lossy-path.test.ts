import { createServer } from 'node:http';
import { text } from 'node:stream/consumers';
import { PeerConnection } from 'node-datachannel';
import { describe, expect, it } from 'vitest';
import { LossyPath } from '../clients/lossy-path.ts';
import { RtcClient } from '../harness/rtc-client.ts';
import { until } from '../harness/wait.ts';

/** A WHEP server with full ICE (RFC 8445), which also checks the candidates of the offer. */
async function startFullIceServer() {
  const connection = new PeerConnection('server', { iceServers: [], bindAddress: '127.0.0.1' });
  const http = createServer(async (request, response) => {
    const offer = await text(request);
    connection.setRemoteDescription(offer, 'offer');
    await until('the answer is complete', () => connection.gatheringState() === 'complete');
    response.writeHead(201, { location: '/whep/1' }).end(connection.localDescription()?.sdp);
  });
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  const address = http.address();
  const url = `http://127.0.0.1:${typeof address === 'object' ? address?.port : null}/whep`;
  const close = () => {
    connection.close();
    http.close();
  };
  return { connection, url, close };
}

/** The port at which a connection listens, and the one to which it sends. */
function portsOf(connection: PeerConnection) {
  const [, own] =
    /^a=candidate:\S+ 1 UDP \d+ 127\.0\.0\.1 (\d+) /m.exec(connection.localDescription()?.sdp ?? '') ?? [];
  return { own: Number(own), peer: connection.getSelectedCandidatePair()?.remote.port };
}

describe('a lossy path', () => {
  it('is the only path, also to a server that checks candidates', async ({ onTestFinished }) => {
    const server = await startFullIceServer();
    onTestFinished(server.close);
    const path = new LossyPath('127.0.0.1');
    onTestFinished(() => path.close());
    const client = await RtcClient.play(server.url, { fetch: path.fetch });
    onTestFinished(() => client.close());
    await client.connected();
    await until('the server is connected', () => server.connection.state() === 'connected');

    const [ofServer, ofClient] = [portsOf(server.connection), portsOf(client.connection)];
    expect([ofServer.own, ofServer.peer, ofClient.own, ofClient.peer].every((port) => Number(port) > 0)).toBe(true);
    expect(ofServer.peer).not.toBe(ofClient.own);
    expect(ofClient.peer).not.toBe(ofServer.own);
    expect(path.count.seen).toBeGreaterThan(0);
  });

  it('is an error if no candidate can be relayed', async ({ onTestFinished }) => {
    const answer =
      'v=0\r\na=candidate:1 1 udp 1 2001:db8::1 5 typ host\r\na=candidate:2 1 tcp 1 127.0.0.1 5 typ host\r\n';
    const http = createServer((_request, response) => response.writeHead(201).end(answer));
    await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void http.close());
    const address = http.address();
    const url = `http://127.0.0.1:${typeof address === 'object' ? address?.port : null}/whep`;
    await expect(RtcClient.play(url, { fetch: new LossyPath('127.0.0.1').fetch })).rejects.toThrow(
      'no candidate with UDP and an IPv4 address',
    );
  });
});
