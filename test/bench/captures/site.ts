import { tmpdir } from 'node:os';
import { Backend, type Call, type Reply } from '../../harness/backend.ts';
import { CameraNetwork } from '../../harness/camera-network.ts';
import { TestServer, toYaml } from '../../harness/media-server.ts';
import { freePort } from '../../harness/ports.ts';
import { until } from '../../harness/wait.ts';
import { now } from '../clock.ts';
import { onInterrupt } from '../interrupts.ts';
import { LoopCameras } from './loop-cameras.ts';
import { makeRecording } from './recording.ts';
import { Watchers } from './watchers.ts';

/** The name of a stream, and its camera. */
export type Capture = { readonly name: string; readonly url: string };

export const CAMERAS = 20;
/** Longer than the longest absence with its back-off. */
const PATIENCE = { timeoutMs: 120_000 };

/** Cameras in a network of their own, a media server with the programs of captures, its backend, and players. */
export class Site {
  readonly network: CameraNetwork;
  readonly watchers = new Watchers();
  readonly backend: Backend;
  readonly server: TestServer;
  readonly cameras: LoopCameras;
  readonly mediaPort: number;
  /** The manifests without captures. */
  #base = '';
  /** When each stream was published (`now()`). */
  readonly #published = new Map<string, number[]>();
  /** Part of the spec of each capture: one that was ended is captured again after a change. */
  #stallSeconds = 10;

  static async start(undo: AsyncDisposableStack): Promise<Site> {
    const recording = makeRecording(tmpdir());
    const network = new CameraNetwork();
    undo.defer(onInterrupt(() => network.remove()));
    undo.defer(() => network.remove());
    const cameras = await LoopCameras.start({ network, recording, count: CAMERAS });
    undo.defer(() => cameras.kill());
    const backend = await Backend.start();
    undo.defer(() => backend.close());
    const [internal, mediaPort] = await Promise.all([freePort(), freePort()]);
    const server = await TestServer.start({
      hookUrl: backend.url,
      args: ['--internal-port', String(internal)],
      mediaServer: {
        capture: { allow: [{ cidr: `${network.address}/32` }, { cidr: `${network.here}/32` }] },
        media: { port: mediaPort },
        // One, so that its end ends all streams.
        workers: 1,
      },
    });
    undo.defer(() => server.stop());
    const site = new Site({ network, cameras, backend, server, mediaPort });
    undo.defer(() => site.watchers.stop());
    await server.edit((text) => (site.#base = text));
    await until('captures can be started', () => server.log.some(({ msg }) => msg === 'ready to capture'), PATIENCE);
    return site;
  }

  private constructor({
    backend,
    cameras,
    mediaPort,
    network,
    server,
  }: Pick<Site, 'backend' | 'cameras' | 'mediaPort' | 'network' | 'server'>) {
    this.backend = backend;
    this.cameras = cameras;
    this.mediaPort = mediaPort;
    this.network = network;
    this.server = server;
    this.answer(() => 200);
  }

  /** What the backend answers from now on. */
  answer(reply: (call: Call) => Reply): void {
    this.backend.answer = (call) => {
      const { body, method } = call;
      const name = String(body['name']);
      if (method === 'StreamStatusEvent' && body['status'] === 'PUBLISHING') {
        this.#published.set(name, [...this.publishedAt(name), now()]);
      }
      return reply(call);
    };
  }

  /** When a stream was published, each time (`now()`). */
  publishedAt(name: string): readonly number[] {
    return this.#published.get(name) ?? [];
  }

  /** The first cameras as captures. */
  captures(count: number): Capture[] {
    return Array.from({ length: count }, (_, camera) => ({ name: `camera${camera}`, url: this.cameras.url(camera) }));
  }

  /** Applies these captures, and no others. */
  apply(captures: readonly Capture[]): Promise<void> {
    const manifests = captures.map(({ name, url }) => ({
      apiVersion: 'sluice.dev/v1alpha1',
      kind: 'StreamCapture',
      metadata: { name },
      spec: { appRef: { name: 'default' }, name, rtsp: { url }, stallTimeout: `${this.#stallSeconds}s` },
    }));
    return this.server.edit(() => [this.#base, toYaml(manifests)].join('---\n'));
  }

  /** Applies these captures with another spec, and waits until all streams are published. */
  async renew(captures: readonly Capture[]): Promise<void> {
    this.#stallSeconds = 10 + ((this.#stallSeconds + 1) % 10);
    const again = this.untilPublished(captures);
    await this.apply(captures);
    await again;
  }

  /** Resolves when each of these streams was published once more, with the times. */
  untilPublished(captures: readonly Capture[]): Promise<number[]> {
    const before = new Map(captures.map(({ name }) => [name, this.publishedAt(name).length]));
    const next = ({ name }: Capture): number | undefined => this.publishedAt(name)[before.get(name) ?? 0];
    const look = (): number[] | null => {
      const times = captures.flatMap((capture) => next(capture) ?? []);
      return times.length === captures.length ? times : null;
    };
    return until(`${captures.map(({ name }) => name).join()} are published`, look, PATIENCE);
  }

  /** The URL at which players play a stream. */
  whep(name: string): string {
    return `${this.server.url}/whep/defaultApp/${name}`;
  }
}
