import type { Direction } from '../../crds/schema/stream.ts';
import type {
  Leg,
  LegFailure,
  LegRequest,
  Media,
  Playback,
  PlayRequest,
  Publication,
  PublishRequest,
} from '../../media-server/media/media.ts';

/** Media in memory. The test decides how an offer is answered, and when a leg connects, fails and closes. */
export class FakeMedia implements Media {
  /** Every leg, the newest last. */
  readonly legs: FakeLeg[] = [];
  readonly requests: (PublishRequest | PlayRequest)[] = [];
  /** Runs before an offer is answered. Media throws the error that it throws. */
  beforeAnswer: (request: LegRequest) => Promise<void> = async () => undefined;
  /** Runs while a leg closes. */
  whileClosing: () => Promise<void> = async () => undefined;

  async publish(request: PublishRequest): Promise<Publication> {
    return this.#add(request, 'publish', (leg) =>
      Object.assign(leg, { kind: 'publication' as const, layers: () => [] }),
    );
  }

  async play(request: PlayRequest): Promise<Playback> {
    return this.#add(request, 'play', (leg) =>
      Object.assign(leg, { kind: 'playback' as const, selectLayer: async () => undefined }),
    );
  }

  send(): Promise<never> {
    throw new Error('fake media sends nothing to other pods');
  }

  receive(): never {
    throw new Error('fake media receives nothing from other pods');
  }

  async receiveDrops() {
    return 0;
  }

  async workers() {
    return [];
  }

  async close() {
    await Promise.all(this.legs.map((leg) => leg.close()));
  }

  /** The newest leg. */
  get leg(): FakeLeg {
    const leg = this.legs.at(-1);
    if (!leg) throw new Error('media was not asked');
    return leg;
  }

  /** Directions of the legs that are open. */
  open(): Direction[] {
    return this.legs.filter(({ isClosed }) => !isClosed).map(({ direction }) => direction);
  }

  async #add<L>(request: LegRequest, direction: Direction, as: (leg: FakeLeg) => L): Promise<L> {
    this.requests.push(request);
    await this.beforeAnswer(request);
    const leg = new FakeLeg(request, direction, () => this.whileClosing());
    this.legs.push(leg);
    return as(leg);
  }
}

export class FakeLeg implements Leg {
  readonly direction: Direction;
  readonly answer: string;
  readonly audioCodec: string;
  readonly videoCodec: string;
  isClosed = false;
  readonly #close: () => Promise<void>;
  #isConnected = false;
  #hasWorkerDied = false;
  #onConnected: () => void = () => undefined;
  #onFailure: (cause: LegFailure) => void = () => undefined;

  constructor({ hasAudio, hasVideo, id }: LegRequest, direction: Direction, close: () => Promise<void>) {
    this.answer = `answer to ${id}`;
    this.audioCodec = hasAudio ? 'opus' : '';
    this.videoCodec = hasVideo ? 'VP8' : '';
    this.direction = direction;
    this.#close = close;
  }

  /** Reports that ICE and DTLS are connected. */
  connect(): void {
    if (this.isClosed) return;
    this.#isConnected = true;
    this.#onConnected();
  }

  fail(cause: LegFailure): void {
    this.#hasWorkerDied ||= cause === 'worker_died';
    if (!this.isClosed) this.#onFailure(cause);
  }

  onConnected(run: () => void): void {
    this.#onConnected = run;
  }

  onFailure(run: (cause: LegFailure) => void): void {
    this.#onFailure = run;
  }

  async close(): Promise<void> {
    if (this.isClosed) return;
    this.isClosed = true;
    await this.#close();
  }

  iceUfrag = () => 'ufrag';
  transport = () => (this.#isConnected ? 'UDP' : '');
  connected = () => this.#isConnected;
  workerDied = () => this.#hasWorkerDied;
  applyFragment = async () => null;
  metrics = async () => ({ bytes: 0, packets: 0, packetsLost: 0, bitrate: 0, rttMs: 0 });
}
