import { randomBytes, randomUUID } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type FleetKey, formatFleetKey } from '../../crds/render/fleet-key.ts';
import { ROSTER_FILE, type Roster, type RosterMember } from '../../crds/schema/internal.ts';
import { PodClient } from '../../operator/pods/client.ts';
import { type ServerSetup, TestServer } from './media-server.ts';
import { freePort } from './ports.ts';

/** Real media servers that are one fleet. The test writes the roster, as the operator does. */
export class TestFleet {
  readonly servers: TestServer[] = [];
  readonly members: RosterMember[] = [];
  /** The key of capture programs. */
  readonly captureKey: FleetKey = { identity: 'capture-1', key: randomBytes(32) };
  readonly #folder: string;
  readonly #setup: ServerSetup;
  readonly #key: FleetKey = { identity: 'fleet-1', key: randomBytes(32) };
  #revision = 0;

  private constructor(folder: string, setup: ServerSetup) {
    this.#folder = folder;
    this.#setup = setup;
  }

  static async start(count: number, setup: ServerSetup = {}): Promise<TestFleet> {
    const folder = await mkdtemp(join(tmpdir(), 'sluice-fleet-'));
    const fleet = new TestFleet(folder, setup);
    await writeFile(join(folder, 'fleet.key'), [fleet.captureKey, fleet.#key].map(formatFleetKey).join(''));
    for (let index = 0; index < count; index++) {
      fleet.members.push({ pod: `pod-${index}`, uid: randomUUID(), address: '127.0.0.1', port: await freePort() });
    }
    try {
      await fleet.write(fleet.members);
      const started = await Promise.all(fleet.members.map((member) => fleet.#startOne(member)));
      fleet.servers.push(...started);
      return fleet;
    } catch (error) {
      await fleet.stop();
      throw error;
    }
  }

  /** Writes a roster with a new revision into the volume of all pods. */
  async write(members: readonly RosterMember[]): Promise<void> {
    const roster: Roster = { revision: ++this.#revision, members: [...members] };
    await writeFile(join(this.#folder, ROSTER_FILE), JSON.stringify(roster));
  }

  pod(index: number): TestServer {
    const server = this.servers[index];
    if (!server) throw new Error(`there is no pod ${index}`);
    return server;
  }

  /** Tells a pod whether it is to be removed, as the operator does. */
  async cordon(index: number, cordoned: boolean): Promise<void> {
    const { address, port } = this.#member(index);
    const operator = new PodClient(this.#key);
    await operator.cordon({ address, internalPort: port }, { cordoned });
    await operator.close();
  }

  /** Starts the process of a pod again; its address stays the same. */
  async restart(index: number): Promise<TestServer> {
    const server = await this.#startOne(this.#member(index));
    this.servers[index] = server;
    return server;
  }

  async stop(): Promise<void> {
    for (const { process } of this.servers) process.child.kill('SIGCONT');
    await Promise.all(this.servers.map((server) => server.stop()));
    const copies = this.members.map(({ uid }) => join(tmpdir(), `sluice-roster-${uid}.json`));
    await Promise.all([this.#folder, ...copies].map((path) => rm(path, { recursive: true, force: true })));
  }

  #member(index: number): RosterMember {
    const member = this.members[index];
    if (!member) throw new Error(`there is no pod ${index}`);
    return member;
  }

  #startOne({ pod, port, uid }: RosterMember): Promise<TestServer> {
    return TestServer.start({
      ...this.#setup,
      args: [
        '--fleet-key',
        join(this.#folder, 'fleet.key'),
        '--internal-port',
        String(port),
        '--roster',
        join(this.#folder, ROSTER_FILE),
      ],
      env: { POD_NAME: pod, POD_UID: uid },
    });
  }
}
