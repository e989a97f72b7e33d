import { openSession } from '../../media-server/sessions/open-session.ts';
import { isPlayable, play } from '../../media-server/sessions/play.ts';
import { publish } from '../../media-server/sessions/publish.ts';
import { StreamEvents } from '../../media-server/streams/stream-events.ts';
import { Connection, type ConnectionDeps } from '../../media-server/websdk/connection.ts';
import { OpenSockets } from '../../media-server/websdk/open-sockets.ts';
import { Pings } from '../../media-server/websdk/pings.ts';
import { SilentSockets } from '../../media-server/websdk/silent-sockets.ts';
import { savedOffer } from '../fixtures/sdp/offers.ts';
import { FakePage } from './fake-page.ts';
import { logLines } from './log-lines.ts';
import { SessionStage } from './session-stage.ts';
import { settle as settleOnce } from './virtual-clock.ts';

/** Sockets of pages over the sessions of a pod. */
export class WebSdkStage extends SessionStage {
  readonly sockets = new OpenSockets(this.clock);
  readonly silent = new SilentSockets(() => 0);
  readonly socketLimits = { streamsPerConnection: 0 };
  readonly pings = new Pings({ clock: this.clock, settings: () => ({ intervalMs: 5_000, missed: 10 }) });
  readonly logged = logLines('info');
  /** Counted metrics: `message result`, and `closed reason`. */
  readonly messages: string[] = [];
  readonly connectionDeps: ConnectionDeps = {
    registry: this.registry,
    terminator: this.terminator,
    clock: this.clock,
    log: this.logged.log,
    events: new StreamEvents({ registry: this.registry, elsewhere: { relay: () => undefined }, clock: this.clock }),
    openSession: (request) => openSession(this.deps, request),
    publish: (session, request) => publish(this.deps, session, request),
    play: (session, request) => play(this.deps, session, request),
    isPlayable: (appKey, name) => isPlayable(this.deps, appKey, name),
    limits: () => this.socketLimits,
    pings: this.pings,
    silent: this.silent,
    metrics: {
      webSdkMessage: (message, result) => this.messages.push(`${message} ${result}`),
      webSdkClosed: (closing) => this.messages.push(`closed ${closing}`),
    },
  };

  /** A page whose socket is open. */
  page(): FakePage {
    const page = new FakePage();
    const client = { address: '192.0.2.1', isShared: false, origin: 'https://example.com' };
    this.sockets.add(new Connection(page, client, this.connectionDeps));
    return page;
  }

  /** A page with an established session. */
  async connected(content: object = {}): Promise<FakePage> {
    const page = this.page();
    page.says('connection', { appKey: 'defaultApp', clientVersion: '2.0', ...content });
    await settle();
    return page;
  }

  /** Lets a page publish, up to PUBLISHING. */
  async publishes(page: FakePage, id = 'p', name = 'a'): Promise<void> {
    page.says('publishStream', wanted('publish', { mediaSessionId: id, name }));
    await this.#connects();
  }

  /** Lets a page play, up to PLAYING. */
  async plays(page: FakePage, id = 'v', name = 'a'): Promise<void> {
    page.says('playStream', wanted('play', { mediaSessionId: id, name }));
    await this.#connects();
  }

  async #connects(): Promise<void> {
    await settle();
    this.media.leg.connect();
    await settle();
  }
}

/** Runs the callbacks of all settled promises: from a message to its answer is a long way. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 4; turn++) await settleOnce();
}

const OFFERS = { publish: savedOffer('chromium-publish'), play: savedOffer('chromium-play') };

/** The content of `publishStream` or `playStream`. */
export function wanted(direction: 'publish' | 'play', over: object = {}): object {
  const published = direction === 'publish';
  return { mediaSessionId: 'x', name: 'a', published, mediaProvider: 'WebRTC', sdp: OFFERS[direction], ...over };
}
