import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { capturePush } from '../../crds/render/capture-order.ts';
import { type FleetKey, formatFleetKey } from '../../crds/render/fleet-key.ts';
import type { CaptureOrder, CaptureState, MediaPod } from '../../crds/schema/capture-messages.ts';
import { CaptureClient } from '../../operator/pods/capture-client.ts';
import { freePort } from './ports.ts';
import { type RunningProcess, startProcess } from './processes.ts';
import { Sources } from './sources.ts';
import { until } from './wait.ts';

/** The two programs of a capture pod. The test tells them what to capture, as the operator does. */
export class CapturePod {
  readonly run: RunningProcess;
  readonly #sources: Sources;
  readonly #folder: string;
  readonly #client: CaptureClient;
  readonly #port: number;

  private constructor(key: FleetKey, sources: Sources, folder: string, [internal, ops]: readonly [number, number]) {
    this.#sources = sources;
    this.#folder = folder;
    this.#client = new CaptureClient(key);
    this.#port = internal;
    const args = ['media-server/capture/main.ts', '--sources', sources.socket, '--capture-key', join(folder, 'key')];
    const ports = ['--internal-port', String(internal), '--ops-port', String(ops)];
    this.run = startProcess(process.execPath, [...args, '--listen-address', '127.0.0.1', ...ports]);
  }

  static async start(key: FleetKey): Promise<CapturePod> {
    const folder = await mkdtemp(join(tmpdir(), 'sluice-capture-'));
    await writeFile(join(folder, 'key'), formatFleetKey(key));
    const [sources, ...ports] = await Promise.all([Sources.start(), freePort(), freePort()]);
    const pod = new CapturePod(key, sources, folder, ports);
    await until('the program of captures is ready', () => pod.log.some(({ msg }) => msg === 'ready to capture'), {
      timeoutMs: 20_000,
    });
    return pod;
  }

  /** Log lines as objects. */
  get log(): Readonly<Record<string, unknown>>[] {
    return this.run.lines.filter((line) => line.startsWith('{')).map((line) => JSON.parse(line));
  }

  /** Tells it everything that it is to capture, and where that goes. */
  async push(captures: readonly CaptureOrder[], mediaPods: readonly MediaPod[]): Promise<void> {
    await this.#client.push(this.#reached, capturePush({ captures: [...captures], mediaPods: [...mediaPods] }));
  }

  /** What it says of a capture. */
  async state(uid: string): Promise<CaptureState | undefined> {
    const { captures } = await this.#client.report(this.#reached);
    return captures.find((each) => each.uid === uid);
  }

  async stop(signal?: NodeJS.Signals): Promise<void> {
    this.run.child.kill('SIGCONT');
    await this.run.stop(signal);
    await Promise.all([this.#client.close(), this.#sources.stop()]);
    await rm(this.#folder, { recursive: true, force: true });
  }

  get #reached() {
    return { address: '127.0.0.1', internalPort: this.#port };
  }
}
