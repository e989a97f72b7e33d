import { randomUUID } from 'node:crypto';
import { addressFault } from '../../crds/render/capture-address.ts';
import type { CaptureOffer, PullCall, PullReply } from '../../crds/schema/capture-calls.ts';
import type { CaptureOrder, HeldCapture, PullSettings } from '../../crds/schema/capture-messages.ts';
import { sourceAddress, sourceUrlRule, splitCredentials } from '../../crds/schema/source-url.ts';
import type { Capture } from './capture.ts';
import { Captures, type CapturesDeps } from './captures.ts';

export type RestCapturesDeps = CapturesDeps & {
  /** The captures that this pod was told to capture. */
  readonly told: Pick<Captures, 'pulled' | 'size'>;
  /** Starts a StreamCapture that is held; false = there is none with this uid. */
  readonly resume: (uid: string) => boolean | Promise<boolean>;
};

const DONE: PullReply = { status: 200, detail: '', found: [] };
const refused = (status: PullReply['status'], detail: string): PullReply => ({ status, detail, found: [] });

/** As for a StreamCapture that does not set it. */
const STALL_MS = 10_000;

/**
 * The captures that the REST API of WCS starts on this pod (`/rtsp/startup`, `/pull/rtmp/pull`). They are in memory only,
 * as in WCS, and end with the pod, by `terminate`, or when somebody ends their stream.
 */
export class RestCaptures {
  readonly #deps: RestCapturesDeps;
  readonly #captures: Captures;
  /** By URL without credentials. */
  readonly #orders = new Map<string, CaptureOrder>();
  #settings: PullSettings | null = null;
  #held: readonly HeldCapture[] = [];

  constructor(deps: RestCapturesDeps) {
    this.#deps = deps;
    this.#captures = new Captures({ ...deps, onHeld: (order) => void this.#remove(order.source.url) });
  }

  /** The app of these captures; undefined = there are none. */
  get appKey(): string | undefined {
    return this.#settings?.appKey;
  }

  all(): Iterable<Capture> {
    return this.#captures.all();
  }

  get offers(): CaptureOffer[] {
    const held = this.#held.map(({ at, ...each }): CaptureOffer => ({ ...each, epoch: 0, isHeld: true }));
    return [...held, ...this.#captures.offers];
  }

  /** null switches the calls off and ends what they have started. */
  async set(settings: PullSettings | null, held: readonly HeldCapture[]): Promise<void> {
    this.#held = settings ? held : [];
    const isMoved = settings?.appKey !== this.#settings?.appKey;
    this.#settings = settings;
    if (!settings || isMoved) this.#orders.clear();
    for (const [url, order] of this.#orders) this.#orders.set(url, { ...order, allow: settings?.allow ?? [] });
    await this.#captures.set([...this.#orders.values()]);
  }

  async stop(): Promise<void> {
    await this.#captures.stop();
  }

  async answer(call: PullCall): Promise<PullReply> {
    if ('start' in call) return this.#start(call.start);
    if ('stop' in call) return this.#end(call.stop.url);
    if ('resume' in call) return (await this.#deps.resume(call.resume.uid)) ? DONE : refused(404, 'nothing is held');
    const { appKey, kind } = call.list;
    return {
      ...DONE,
      found: this.#list()
        .filter(({ of }) => of.appKey === appKey && of.kind === kind)
        .map(({ stream }) => stream),
    };
  }

  #list() {
    return [...this.#deps.told.pulled, ...this.#captures.pulled];
  }

  #start({ hasAudio, kind, name, uri }: Extract<PullCall, { start: object }>['start']): PullReply {
    const settings = this.#settings;
    const { told } = this.#deps;
    if (!settings) return refused(500, 'spec.capture.rest of the MediaServer is false');
    if (!sourceUrlRule(kind).holds(uri)) return refused(500, `uri: ${sourceUrlRule(kind).message}`);
    const { url, ...login } = splitCredentials(uri);
    if (/\p{Cc}/u.test(`${login.user}${login.password}`)) return refused(500, 'uri: has control characters');
    if (this.#orders.has(url)) return refused(409, 'the source is captured already');
    if (told.size + this.#orders.size >= settings.most) return refused(500, 'the capture pods have no room');
    const address = sourceAddress(url);
    const fault = address === null ? null : addressFault(address, settings.allow);
    if (fault !== null) return refused(500, fault);
    this.#orders.set(url, {
      uid: `rest-${randomUUID()}`,
      generation: 1,
      epoch: 1,
      appKey: settings.appKey,
      name,
      source: { kind, url, transport: 'TCP', ...login },
      mode: 'Always',
      startTimeoutMs: 0,
      idleTimeoutMs: 0,
      audio: hasAudio ? 'Opus' : 'None',
      stallTimeoutMs: STALL_MS,
      afterTermination: 'Stay',
      allow: settings.allow,
    });
    void this.#captures.set([...this.#orders.values()]);
    return DONE;
  }

  async #end(url: string): Promise<PullReply> {
    return (await this.#remove(url)) ? DONE : refused(404, 'the source is not captured');
  }

  async #remove(url: string): Promise<boolean> {
    const order = this.#orders.get(url);
    if (!order) return false;
    this.#orders.delete(url);
    void this.#captures.set([...this.#orders.values()]);
    await this.#captures.gone(order.uid);
    return true;
  }
}
