import { CameraNetwork } from './camera-network.ts';
import { type ServerSetup, TestServer, toYaml } from './media-server.ts';
import { freePort } from './ports.ts';
import { RtspCameras } from './sources.ts';
import { until } from './wait.ts';

/** How soon a camera is connected to, or left. */
const SOON = { timeoutMs: 20_000 };

export type CameraSiteSetup = Pick<ServerSetup, 'documents' | 'hookUrl'> & {
  /** Fields of `spec.capture` beside the cameras that are allowed. */
  readonly capture?: object;
  /** Other fields of the MediaServer. */
  readonly mediaServer?: object;
};

/** Cameras in a network of their own, and a media server that captures them. */
export class CameraSite {
  readonly network: CameraNetwork;
  readonly cameras: RtspCameras;
  readonly server: TestServer;
  /** The manifests without StreamCaptures. */
  readonly #base: string;
  readonly #undo: AsyncDisposableStack;

  private constructor(
    parts: Pick<CameraSite, 'cameras' | 'network' | 'server'>,
    base: string,
    undo: AsyncDisposableStack,
  ) {
    this.network = parts.network;
    this.cameras = parts.cameras;
    this.server = parts.server;
    this.#base = base;
    this.#undo = undo;
  }

  static async start({ capture = {}, mediaServer = {}, ...setup }: CameraSiteSetup = {}): Promise<CameraSite> {
    await using undo = new AsyncDisposableStack();
    const network = new CameraNetwork();
    undo.defer(() => network.remove());
    const cameras = await RtspCameras.start(network);
    undo.defer(() => cameras.run.stop('SIGKILL'));
    const server = await TestServer.start({
      ...setup,
      args: ['--internal-port', String(await freePort())],
      mediaServer: { ...mediaServer, capture: { ...capture, allow: [{ cidr: `${network.address}/32` }] } },
    });
    undo.defer(() => server.stop());
    let base = '';
    await server.edit((text) => (base = text));
    return new CameraSite({ network, cameras, server }, base, undo.move());
  }

  /** Applies these StreamCaptures, and no others. */
  apply(...captures: readonly object[]): Promise<void> {
    return this.server.edit(() => [this.#base, ...captures.map((each) => toYaml([each]))].join('---\n'));
  }

  /** Deletes all StreamCaptures. Resolves when no stream is left. */
  async clear(): Promise<void> {
    await this.apply();
    await until('nothing is captured', async () => (await this.server.streams()).length === 0, SOON);
  }

  /** Whether a stream of this name is live. */
  async isLive(name: string): Promise<boolean> {
    return (await this.server.api('/stream/find', { name, published: true, status: 'PUBLISHING' })).status === 200;
  }

  captured(name: string): Promise<unknown> {
    return until(`${name} is captured`, () => this.isLive(name), SOON);
  }

  /** Resolves when a camera has heard so many goodbyes. */
  left(path: string, times: number): Promise<unknown> {
    return until(`${path} is left`, () => this.cameras.count('TEARDOWN', path) === times, SOON);
  }

  /** Stops all parts, also if one of them fails to. */
  stop(): Promise<void> {
    return this.#undo.disposeAsync();
  }
}
