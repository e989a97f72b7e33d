import { createHash } from 'node:crypto';
import type { Clock } from '../../process/clock.ts';
import type { Log } from '../../process/logger.ts';
import type { Caller } from './client.ts';
import { type KubeObject, pathOf, TYPES } from './objects.ts';

export type EventNote = {
  readonly type: 'Normal' | 'Warning';
  readonly reason: string;
  readonly action: string;
  readonly note: string;
};

/** An identical Event within this time is not written again. */
const QUIET_MS = 10 * 60_000;
const MOST_REMEMBERED = 5_000;
/** Limits of the API server, which rejects the whole Event if one is exceeded. */
const MOST = { nameCharacters: 220, noteBytes: 1_024, instanceCharacters: 128 };

/** Writes Events (`events.k8s.io/v1`) about what the operator decided, each once. */
export class EventRecorder {
  readonly #client: Caller;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #instance: string;
  readonly #said = new Map<string, number>();

  constructor(client: Caller, instance: string, clock: Clock, log: Log) {
    this.#client = client;
    this.#instance = instance;
    this.#clock = clock;
    this.#log = log;
  }

  /**
   * Writes an Event unless the same one was written recently. `since` is the state before a transition: each transition
   * gets an Event, but only one while the watch lags behind. Never throws, because a lost Event does no harm.
   */
  async say(object: KubeObject, event: EventNote, since = ''): Promise<void> {
    const { name, namespace = 'default', uid = '' } = object.metadata;
    const id = createHash('sha256')
      .update([uid, event.reason, event.note, since].join('\0'))
      .digest('hex')
      .slice(0, 16);
    const at = this.#clock.monotonic();
    if (at - (this.#said.get(id) ?? Number.NEGATIVE_INFINITY) < QUIET_MS) return;
    this.#remember(id, at);
    const now = this.#clock.now();
    const body = {
      apiVersion: TYPES.Event.apiVersion,
      kind: 'Event',
      metadata: { name: `${shortName(name)}.${id}.${now.toString(36)}`, namespace },
      eventTime: new Date(now).toISOString().replace(/Z$/, '000Z'),
      reportingController: 'sluice.dev/operator',
      reportingInstance: this.#instance.slice(0, MOST.instanceCharacters),
      regarding: { apiVersion: object.apiVersion, kind: object.kind, name, namespace, uid },
      ...event,
      note: shortNote(event.note),
    };
    try {
      await this.#client.call('POST', pathOf(TYPES.Event, namespace), { body });
    } catch (error) {
      this.#said.delete(id);
      this.#log.debug({ reason: String(error) }, 'an Event could not be written');
    }
  }

  #remember(id: string, at: number): void {
    this.#said.delete(id);
    this.#said.set(id, at);
    const [oldest] = this.#said.keys();
    if (this.#said.size > MOST_REMEMBERED && oldest !== undefined) this.#said.delete(oldest);
  }
}

const shortName = (name: string): string => name.slice(0, MOST.nameCharacters).replace(/[-.]+$/, '');

/** Never cuts a character in half. */
const shortNote = (note: string): string =>
  new TextDecoder().decode(Buffer.from(note).subarray(0, MOST.noteBytes), { stream: true });
