import { readFileSync } from 'node:fs';
import { parseFleetKeys, roleOf } from '../../crds/render/fleet-key.ts';
import { type FleetAgentOptions, fleetAgent } from '../../process/fleet-client.ts';

/** Connections with the fleet's key that is in use. After a rotation, new connections use the new key. */
export class KeyedAgent {
  readonly #keyFile: string;
  readonly #options: FleetAgentOptions;
  readonly #old: ReturnType<typeof fleetAgent>[] = [];
  #current: { readonly text: string; readonly agent: ReturnType<typeof fleetAgent> } | null = null;

  constructor(keyFile: string, options: FleetAgentOptions) {
    this.#keyFile = keyFile;
    this.#options = options;
  }

  /** Throws if the file cannot be read or has no key. */
  get(): ReturnType<typeof fleetAgent> {
    const text = readFileSync(this.#keyFile, 'utf8');
    if (this.#current?.text === text) return this.#current.agent;
    const key = parseFleetKeys(text).find((each) => roleOf(each) === 'fleet');
    if (!key) throw new Error(`${this.#keyFile}: has no key of the fleet`);
    // Calls in flight go on. Event streams may last for hours.
    if (this.#current) this.#old.push(this.#current.agent);
    const agent = fleetAgent(key, this.#options);
    this.#current = { text, agent };
    return agent;
  }

  async close(): Promise<void> {
    const agents = [...this.#old, ...(this.#current ? [this.#current.agent] : [])];
    await Promise.all(agents.map((agent) => agent.destroy()));
  }
}
