import { observer } from 'mediasoup';
import type { Router, Worker } from 'mediasoup/types';
import { startMedia } from '../../media-server/media/engine.ts';
import type {
  LegRequest,
  Media,
  MediaOptions,
  PipePeer,
  PlayRequest,
  Publication,
} from '../../media-server/media/media.ts';
import { type Clock, systemClock } from '../../process/clock.ts';
import { createLogger } from '../../process/logger.ts';
import { freePort } from '../harness/ports.ts';
import { Peer, type PeerOptions } from './peer.ts';
import { startRelay } from './relay.ts';

export const CODECS = ['opus', 'VP8', 'VP9', 'H264', 'AV1'] as const;

/** Starts a media engine with real workers on its own port. */
export async function startTestMedia(
  options: Partial<MediaOptions> = {},
  clock: Clock = systemClock,
): Promise<{ media: Media; deaths: () => number }> {
  let deaths = 0;
  const deps = {
    clock,
    log: createLogger('silent'),
    onWorkerDeath: () => deaths++,
    onWorkerError: () => undefined,
    onRtpBytes: () => undefined,
  };
  const defaults = {
    workerBin: process.env['MEDIASOUP_WORKER_BIN'] || null,
    workers: 1,
    listenAddress: '127.0.0.1',
    announcedAddresses: ['127.0.0.1'],
    pipePorts: { port: 45000, endPort: 45999 },
    codecs: CODECS,
  };
  for (let attempt = 1; ; attempt++) {
    try {
      const media = await startMedia({ ...defaults, port: await freePort(), ...options }, deps);
      return { media, deaths: () => deaths };
    } catch (error) {
      // The next port, which a second worker needs, may be in use.
      if (options.port !== undefined || attempt === 5) throw error;
    }
  }
}

/** A clock whose timers run many times faster than real time. */
export function fastClock(factor: number): Clock {
  return {
    ...systemClock,
    monotonic: () => performance.now() * factor,
    setTimeout: (run, delayMs) => systemClock.setTimeout(run, delayMs / factor),
  };
}

export function request(offer: string, overrides: Partial<LegRequest> = {}): LegRequest {
  return { id: 'test', offer, codecs: CODECS, maxBitrate: 0, hasAudio: true, hasVideo: true, ...overrides };
}

/** Connects a peer that publishes. */
export async function publish(media: Media, options: Partial<PeerOptions> = {}, overrides: Partial<LegRequest> = {}) {
  const peer = new Peer({ direction: 'SendOnly', ...options });
  const publication = await media.publish(request(await peer.offer(), overrides));
  peer.answer(publication.answer);
  await peer.connected();
  return { peer, publication };
}

/** Connects a peer that publishes through a relay, which drops datagrams to it for which `loses` returns true. */
export async function publishThroughRelay(media: Media, loses: (datagram: Buffer) => boolean) {
  const peer = new Peer({ direction: 'SendOnly' });
  const publication = await media.publish(request(await peer.offer()));
  const udp = /a=candidate:udp\S* \d+ udp \d+ \S+ (\d+)/.exec(publication.answer)?.[1] ?? '';
  const relay = await startRelay({
    port: Number(udp),
    loses: (datagram, to) => to === 'client' && loses(datagram),
  });
  const answer = publication.answer.replaceAll(/a=candidate:tcp.*\r\n/g, '');
  peer.answer(answer.replaceAll(` ${udp} typ`, ` ${relay.port} typ`));
  await peer.connected();
  return { peer, publication, relay };
}

/** Connects a peer that plays. */
export async function play(
  media: Media,
  publication: PlayRequest['publication'],
  options: Partial<PeerOptions> = {},
  overrides: Partial<LegRequest> = {},
) {
  const peer = new Peer({ direction: 'RecvOnly', ...options });
  const playback = await media.play({ ...request(await peer.offer(), overrides), publication });
  peer.answer(playback.answer);
  await peer.connected();
  return { peer, playback };
}

export const HOLDER: PipePeer = { uid: 'holder', address: '127.0.0.1' };
export const EDGE: PipePeer = { uid: 'edge', address: '127.0.0.1' };

/** Takes a publication to another media server. */
export async function pipe(from: Media, to: Media, publication: Publication) {
  const receiving = to.receive(HOLDER);
  const sending = await from.send({ publication, to: EDGE, shared: receiving.shared });
  const end = await receiving.accept(sending.offer);
  if (end) await sending.connect(end);
  const piped = await receiving.arrived();
  const close = (): void => {
    receiving.close();
    sending.close();
  };
  return { piped, isShared: end === null, transport: sending.offer.transport, close };
}

/** Counts what mediasoup's workers hold. Must be called before the workers start. */
export function watchWorkers(): { count(): Promise<{ routers: number; transports: number }> } {
  const routers = new Set<Router>();
  observer.on('newworker', (worker: Worker) => {
    worker.observer.on('newrouter', (router) => {
      routers.add(router);
      router.observer.once('close', () => routers.delete(router));
    });
  });
  return {
    count: async () => {
      const dumps = await Promise.all([...routers].map((router) => router.dump()));
      return {
        routers: dumps.length,
        transports: dumps.reduce((sum, { transportIds }) => sum + transportIds.length, 0),
      };
    },
  };
}
