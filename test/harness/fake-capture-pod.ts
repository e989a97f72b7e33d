import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import type { FleetKey } from '../../crds/render/fleet-key.ts';
import type { CaptureOrder, CapturePush, CaptureReport, CaptureState } from '../../crds/schema/capture-messages.ts';
import { INTERNAL_TLS } from '../../process/fleet-client.ts';
import { captureState } from '../builders/captures.ts';

/** A capture pod that captures nothing: it takes orders by TLS with a pre-shared key, and says what a test wants. */
export class FakeCapturePod {
  /** `METHOD path` of each call since `takeCalls`. */
  #calls: string[] = [];
  #push: CapturePush | null = null;
  /** How the state of a capture differs from that of a connected one, by uid. */
  readonly states = new Map<string, Partial<CaptureState>>();
  /** Held captures that the REST API has started again. */
  resumed: NonNullable<CaptureReport['resumed']> = [];
  readonly #server: Server;

  private constructor(key: FleetKey) {
    const pskCallback = (_socket: unknown, identity: string): Buffer | null =>
      identity === key.identity ? key.key : null;
    this.#server = createServer({ ...INTERNAL_TLS, pskCallback } as object, async (request, response) => {
      this.#calls.push(`${request.method} ${request.url}`);
      if (request.method === 'PUT') this.#push = (await json(request)) as CapturePush;
      response.end(JSON.stringify(this.#report()));
    });
  }

  static async start(key: FleetKey): Promise<FakeCapturePod> {
    const pod = new FakeCapturePod(key);
    await new Promise<void>((resolve) => void pod.#server.listen(0, '127.0.0.1', resolve));
    return pod;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** The captures of the last push; null = none since the start. */
  get orders(): readonly CaptureOrder[] | null {
    return this.#push?.captures ?? null;
  }

  /** What the REST API may do. */
  get rest(): Pick<CapturePush, 'held' | 'pulls'> {
    const { held, pulls } = this.#push ?? {};
    return { ...(held ? { held } : {}), ...(pulls ? { pulls } : {}) };
  }

  get mediaPods(): CapturePush['mediaPods'] {
    return this.#push?.mediaPods ?? [];
  }

  takeCalls(): string[] {
    const calls = this.#calls;
    this.#calls = [];
    return calls;
  }

  /** Forgets everything, like a container that starts again. */
  restart(): void {
    this.#push = null;
  }

  stop(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }

  #report(): object {
    const states = this.#push?.captures.map(({ epoch, generation, uid }) =>
      captureState(uid, { epoch, generation, ...this.states.get(uid) }),
    );
    const { resumed } = this;
    const hash = this.#push?.hash ?? '';
    return { pod: 'live-capture', hash, captures: states ?? [], resumed, fieldOfALaterVersion: 1 };
  }
}
