import { execFileSync } from 'node:child_process';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { afterEach, describe, expect, it, onTestFinished } from 'vitest';
import type { Media, MediaOptions } from '../../media-server/media/media.ts';
import { play, publish, startTestMedia } from '../clients/media.ts';
import type { Received } from '../clients/peer.ts';
import { TestServer } from '../harness/media-server.ts';
import { RtcClient } from '../harness/rtc-client.ts';
import { until } from '../harness/wait.ts';

const FRAMES = 50;
const AUDIO_PER_FRAME = 2;
const PACKETS = 8;

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

async function start(options: Partial<MediaOptions>): Promise<Media> {
  const { media } = await startTestMedia(options);
  closing.push(() => media.close());
  return media;
}

/** A worker whose sandbox does not know UDP GSO. */
async function sandboxed(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'sluice-seccomp-'));
  closing.push(() => rm(folder, { recursive: true }));
  const wrapper = join(folder, 'worker');
  const worker = process.env['MEDIASOUP_WORKER_BIN'];
  const refuse = resolve('test/fixtures/refuse-gso.py');
  await writeFile(wrapper, `#!/bin/sh\nexec "${process.env['SLUICE_PYTHON']}" "${refuse}" "${worker}" "$@"\n`);
  await chmod(wrapper, 0o755);
  return wrapper;
}

/** What two players receive of the same frames, in the order of arrival. */
async function receivedBy(media: Media): Promise<(readonly Received[])[]> {
  const { peer, publication } = await publish(media);
  const players = [await play(media, publication), await play(media, publication)];
  closing.push(() => [peer, ...players.map((player) => player.peer)].forEach((each) => void each.close()));
  await until('packets arrive', () => {
    peer.sendFrame(1);
    return players.every((player) => player.peer.received.length > 0);
  });
  await setTimeout(200);
  for (const player of players) player.peer.received.length = 0;
  for (let frame = 0; frame < FRAMES; frame++) {
    peer.sendFrame(PACKETS);
    for (let count = 0; count < AUDIO_PER_FRAME; count++) peer.sendAudio();
    await setTimeout(10);
  }
  const all = FRAMES * (PACKETS + AUDIO_PER_FRAME);
  await until('all packets arrive', () => players.every((player) => player.peer.received.length >= all));
  return players.map((player) => player.peer.received);
}

/** Makes the worker send a player's packets to UDP port 0, which the kernel refuses. */
function nominatePort0({ peer, playback }: Awaited<ReturnType<typeof play>>): void {
  const of = (sdp: string, name: string): string => new RegExp(`a=${name}:(\\S+)`).exec(sdp)?.[1] ?? '';
  const port = /a=candidate:udp\S* \d+ udp \d+ \S+ (\d+)/.exec(playback.answer)?.[1] ?? '';
  const username = `${of(playback.answer, 'ice-ufrag')}:${of(peer.localSdp, 'ice-ufrag')}`;
  const script = resolve('test/fixtures/nominate-port-0.py');
  execFileSync(process.env['SLUICE_PYTHON'] ?? 'python3', [script, port, username, of(playback.answer, 'ice-pwd')]);
}

/** Sizes of packets in the order of arrival, with the distance of each sequence number from the first one. */
function packetsOf(
  received: readonly Received[],
  kind: Received['kind'],
): (readonly [distance: number, size: number])[] {
  const packets = received.filter((packet) => packet.kind === kind);
  const [first] = packets;
  return packets.map(({ payload, sequence }) => [(sequence - (first?.sequence ?? 0)) & 0xffff, payload.length]);
}

describe('packets that leave together', () => {
  it('arrive in the order and with the sizes of packets that leave one by one', async () => {
    const [alone] = await receivedBy(await start({ udpGso: false }));
    const together = await receivedBy(await start({ udpGso: true }));
    for (const received of together) {
      for (const kind of ['audio', 'video'] as const) {
        const packets = packetsOf(received, kind);
        expect(packets).toEqual(packetsOf(alone ?? [], kind));
        expect(packets.map(([distance]) => distance)).toEqual(packets.map((_packet, index) => index));
      }
    }
    expect(packetsOf(alone ?? [], 'video')).toHaveLength(FRAMES * PACKETS);
  });

  it('reach everybody else when a client has a port that nothing can be sent to', async () => {
    const media = await start({ udpGso: true });
    const { peer, publication } = await publish(media);
    const [victim, hostile] = [await play(media, publication), await play(media, publication)];
    closing.push(() => [peer, victim.peer, hostile.peer].forEach((each) => void each.close()));
    await until('packets arrive', () => {
      peer.sendFrame(1);
      return [victim, hostile].every((player) => player.peer.received.length > 0);
    });
    nominatePort0(hostile);
    await until('the hostile player gets nothing more', async () => {
      const before = hostile.peer.received.length;
      peer.sendFrame(1);
      await setTimeout(100);
      return hostile.peer.received.length === before;
    });
    victim.peer.received.length = 0;
    for (let frame = 0; frame < FRAMES; frame++) {
      peer.sendFrame(PACKETS);
      await setTimeout(10);
    }
    await until('all packets arrive', () => victim.peer.received.length >= FRAMES * PACKETS);
  });

  it('leave one by one in a sandbox that does not know UDP GSO, which is logged once', async () => {
    const server = await TestServer.start({ env: { MEDIASOUP_WORKER_BIN: await sandboxed() } });
    onTestFinished(() => server.stop());
    const publisher = await RtcClient.publish(`${server.url}/whip/defaultApp/a`);
    await publisher.connected();
    const player = await RtcClient.play(`${server.url}/whep/defaultApp/a`);
    await until('packets arrive', () => player.received > 10);
    const said = server.log.filter(({ text }) => String(text).includes('UDP GSO is not available'));
    expect(said).toMatchObject([{ level: 'warn', text: expect.stringContaining('Operation not permitted') }]);
    for (const client of [publisher, player]) client.close();
  });
});
