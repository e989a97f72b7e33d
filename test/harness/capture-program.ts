import { get } from 'node:https';
import { fetch } from 'undici';
import type { FleetKey } from '../../crds/render/fleet-key.ts';
import { fleetAgent, INTERNAL_TLS } from '../../process/fleet-client.ts';
import { RtcClient } from './rtc-client.ts';

/** What a program has been given to capture. */
export type CaptureSetup = {
  readonly uid?: string;
  readonly epoch?: number;
  readonly attempt?: number;
  readonly generation?: number;
  readonly provider?: string;
};

/** A publication of a capture program, with its event stream. */
export type Captured = {
  readonly client: RtcClient;
  /** What the event stream has brought. */
  readonly events: () => string;
  /** Closes the connection of the event stream, as the kernel does for a program that is killed. */
  readonly leave: () => void;
};

/** A program that publishes captures on the internal listeners of media servers, with a key of its own. */
export class CaptureProgram {
  readonly #key: FleetKey;
  readonly #agent: ReturnType<typeof fleetAgent>;
  readonly #opened: { close(): void }[] = [];

  constructor(key: FleetKey) {
    this.#key = key;
    this.#agent = fleetAgent(key, { connections: null, connectMs: 2_000, mostBytes: -1 });
  }

  /** Publishes on the pod with this internal port; follows the publication if it has started. */
  async capture(port: number, name: string, setup: CaptureSetup = {}): Promise<Captured> {
    const client = await this.publish(port, name, setup);
    if (client.status !== 201) return { client, events: () => '', leave: () => undefined };
    const followed = await this.follow(client.location);
    await client.connected();
    return { client, ...followed };
  }

  /** Publishes without an event stream. */
  async publish(port: number, name: string, setup: CaptureSetup = {}): Promise<RtcClient> {
    const { attempt = 1, epoch = 1, generation = 1, provider = 'RTSP', uid = 'camera' } = setup;
    const numbers = { epoch: `${epoch}`, attempt: `${attempt}`, generation: `${generation}` };
    const query = new URLSearchParams({ uid, ...numbers, provider });
    const url = `https://127.0.0.1:${port}/internal/captures/defaultApp/${name}`;
    const client = await RtcClient.publish(url, {
      query: `?${query}`,
      fetch: (url, init) => fetch(url, { ...init, dispatcher: this.#agent }),
    });
    this.#opened.push(client);
    return client;
  }

  /** Opens an event stream, over a connection of its own. */
  follow(location: string): Promise<Omit<Captured, 'client'>> {
    return new Promise((resolve, reject) => {
      const options = {
        ...INTERNAL_TLS,
        agent: false,
        pskCallback: () => ({ identity: this.#key.identity, psk: this.#key.key }),
        checkServerIdentity: () => undefined,
      };
      let read = '';
      const request = get(`${location}/events`, options);
      request.on('error', reject);
      request.on('response', (response) => {
        response.setEncoding('utf8').on('data', (chunk: string) => {
          read += chunk;
        });
        response.on('error', () => undefined);
        resolve({ events: () => read, leave: () => request.destroy() });
      });
      this.#opened.push({ close: () => request.destroy() });
    });
  }

  /** Ends a publication. Returns the status of the answer. */
  async end({ location }: RtcClient): Promise<number> {
    return (await fetch(location, { method: 'DELETE', dispatcher: this.#agent })).status;
  }

  async close(): Promise<void> {
    for (const each of this.#opened.splice(0)) each.close();
    await this.#agent.destroy();
  }
}
