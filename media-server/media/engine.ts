import { UnsupportedError } from 'mediasoup/errors';
import type { Producer, Router } from 'mediasoup/types';
import type { Clock } from '../../process/clock.ts';
import { writeAnswer } from '../sdp/answer.ts';
import { negotiatePlay, type PlayNegotiation } from '../sdp/negotiate-play.ts';
import { type Allowed, negotiatePublish } from '../sdp/negotiate-publish.ts';
import { type Offer, parseOffer } from '../sdp/offer.ts';
import { OfferError } from '../sdp/offer-error.ts';
import type { MediaKind } from '../sdp/offered-media.ts';
import { negotiableCapabilities, negotiableParameters } from './codecs.ts';
import {
  type LegRequest,
  type Media,
  type MediaOptions,
  MediaUnavailable,
  type PipePeer,
  type Playback,
  type PlayRequest,
  type Publication,
  type PublishRequest,
  type Receiving,
  type Sending,
  type SendRequest,
  type WorkerInfo,
} from './media.ts';
import { PipeTransports } from './pipe-transports.ts';
import { PlaybackLeg } from './playback.ts';
import { PublicationLeg } from './publication.ts';
import { PipedSource, Receiver } from './receiving.ts';
import { send } from './sending.ts';
import type { Source } from './source.ts';
import { TransportLeg } from './transport-leg.ts';
import { TransportWatch, type TransportWatchDeps } from './transport-watch.ts';
import { receiveDrops, warnOfSmallBuffers } from './udp-sockets.ts';
import { type Seat, Workers, type WorkersDeps } from './workers.ts';

export type MediaDeps = TransportWatchDeps & WorkersDeps;

const SPREAD_AT = 50;

/** Starts the mediasoup workers. Throws an error that names the address and port when one cannot start. */
export async function startMedia(options: MediaOptions, deps: MediaDeps): Promise<Media> {
  await warnOfSmallBuffers(deps.log);
  const workers = await Workers.start(options, deps);
  return new Engine(options, workers, deps);
}

type Place = {
  readonly seat: Seat;
  readonly request: LegRequest;
  readonly offer: Offer;
  readonly routerCodecs: PlayNegotiation['routerCodecs'];
};

/** Creates what a new transport carries. */
type Fill<L> = (leg: TransportLeg, router: Router) => Promise<L>;

class Engine implements Media {
  readonly #workers: Workers;
  readonly #clock: Clock;
  readonly #watch: TransportWatch;
  readonly #spreadAt: number;
  readonly #options: MediaOptions;
  readonly #transports: PipeTransports;

  constructor(options: MediaOptions, workers: Workers, { clock, onRtpBytes }: MediaDeps) {
    this.#options = options;
    this.#transports = new PipeTransports(options);
    this.#workers = workers;
    this.#clock = clock;
    this.#watch = new TransportWatch({ clock, onRtpBytes });
    this.#spreadAt = options.spreadAt ?? SPREAD_AT;
  }

  async publish(request: PublishRequest): Promise<Publication> {
    const offer = parseOffer(request.offer, 'publish');
    const seat = this.#workers.leastLoaded();
    const capabilities = negotiableCapabilities(seat.routers.main.rtpCapabilities);
    const negotiation = negotiatePublish(offer, capabilities, allowedBy(request));
    return this.#open({ seat, request, offer, routerCodecs: null }, async (leg) => {
      const { transport } = leg;
      if (request.maxBitrate > 0) await transport.setMaxIncomingBitrate(request.maxBitrate);
      const producers = new Map<MediaKind, Producer>();
      for (const { kind, rtpParameters } of negotiation.tracks) {
        producers.set(kind, await accepted(transport.produce({ kind, rtpParameters })));
      }
      const answer = writeAnswer(offer, leg.server, negotiation.sections);
      const publication = new PublicationLeg(leg, producers, negotiation, answer);
      this.#watch.add(leg, 'publish');
      return publication;
    });
  }

  async play(request: PlayRequest): Promise<Playback> {
    const { publication } = request;
    if (!(publication instanceof PublicationLeg || publication instanceof PipedSource)) throw foreign();
    const offer = parseOffer(request.offer, 'play');
    const negotiation = negotiatePlay(offer, publication.playable(), allowedBy(request), this.#workers.numbering);
    const { routerCodecs } = negotiation;
    const seat = this.#seatFor(publication);
    return this.#open({ seat, request, offer, routerCodecs }, async (leg, router) => {
      const { transport } = leg;
      const trackIds = negotiation.tracks.map(({ trackId }) => trackId);
      const pipe = await publication.pipes.lease(router, trackIds);
      if (transport.closed) pipe.release();
      else transport.observer.once('close', pipe.release);
      if (request.maxBitrate > 0) await transport.setMaxOutgoingBitrate(request.maxBitrate);
      const consumers = await allSettled(
        negotiation.tracks.map(({ mid, rtpCapabilities, trackId }) =>
          accepted(transport.consume({ producerId: pipe.idOf(trackId), rtpCapabilities, mid, paused: true })),
        ),
      );
      const byMid = new Map(consumers.map(({ rtpParameters: rtp }) => [rtp.mid ?? '', negotiableParameters(rtp)]));
      const answer = writeAnswer(offer, leg.server, negotiation.sections(byMid));
      this.#watch.add(leg, 'play');
      return new PlaybackLeg(leg, consumers, negotiation, publication, answer);
    });
  }

  async send({ publication, ...request }: SendRequest): Promise<Sending> {
    if (!(publication instanceof PublicationLeg)) throw foreign();
    return send(this.#transports, publication, request);
  }

  receive(holder: PipePeer): Receiving {
    const { pipePorts } = this.#options;
    return new Receiver(this.#workers.leastLoaded(), holder, {
      transports: this.#transports,
      clock: this.#clock,
      pipePorts,
    });
  }

  workers(): Promise<WorkerInfo[]> {
    return this.#workers.info();
  }

  receiveDrops(): Promise<number> {
    const { port, workers } = this.#options;
    return receiveDrops(new Set(Array.from({ length: workers }, (_, index) => port + index)));
  }

  async close(): Promise<void> {
    this.#watch.close();
    await this.#workers.close();
  }

  async #open<L>(place: Place, fill: Fill<L>): Promise<L> {
    try {
      return await this.#openOn(place, fill);
    } catch (error) {
      if (!place.seat.worker.died) throw error;
      throw new MediaUnavailable('a mediasoup worker died and is being restarted', { cause: error });
    }
  }

  async #openOn<L>(place: Place, fill: Fill<L>): Promise<L> {
    const { offer, request, routerCodecs, seat } = place;
    const lease = await accepted(seat.routers.lease(routerCodecs));
    const deps = { workers: this.#workers, clock: this.#clock };
    const leg = await TransportLeg.open({ seat, lease, offer, request }, deps);
    try {
      // The worker answers in order, so nothing waits for an answer that the next request does not need.
      const [made] = await allSettled([fill(leg, lease.router), leg.connect()]);
      return made;
    } catch (error) {
      await leg.close();
      throw error;
    }
  }

  /** The worker of the publication, unless it is clearly busier than another one. */
  #seatFor({ seat }: Source): Seat {
    const least = this.#workers.leastLoaded();
    return seat.legs - least.legs >= this.#spreadAt ? least : seat;
  }
}

const foreign = (): TypeError => new TypeError('the publication does not belong to this media server');

/** Parameters that mediasoup refuses are a fault of the offer that our own checks missed. */
function accepted<T>(made: Promise<T>): Promise<T> {
  return made.catch((error: unknown) => {
    if (!(error instanceof TypeError || error instanceof UnsupportedError)) throw error;
    throw new OfferError('offer_unsupported', `the SDP offer cannot be answered: ${error.message}`, { cause: error });
  });
}

/**
 * Waits for all answers, then throws the first error. mediasoup would keep what it makes for an answer that arrives after
 * its transport was closed.
 */
async function allSettled<const T extends readonly unknown[]>(
  promises: T,
): Promise<{ -readonly [K in keyof T]: Awaited<T[K]> }> {
  await Promise.allSettled(promises);
  return Promise.all(promises);
}

function allowedBy({ codecs, hasAudio, hasVideo, maxBitrate }: LegRequest): Allowed {
  const kinds = new Set<MediaKind>();
  if (hasAudio) kinds.add('audio');
  if (hasVideo) kinds.add('video');
  return { codecs: new Set(codecs.map((codec) => codec.toLowerCase())), kinds, maxBitrate };
}
