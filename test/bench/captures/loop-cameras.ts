import type { CameraNetwork } from '../../harness/camera-network.ts';
import { type RunningProcess, startProcess } from '../../harness/processes.ts';
import { until } from '../../harness/wait.ts';
import type { Recording } from './recording.ts';

export type LoopCamerasSetup = {
  readonly network: CameraNetwork;
  readonly recording: Recording;
  readonly count: number;
  /** Any port by default. */
  readonly port?: number;
};

/** Cameras on GStreamer's RTSP server that send a recording, in one process (test/clients/loop_cameras.py). */
export class LoopCameras {
  readonly setup: LoopCamerasSetup;
  readonly #run: RunningProcess;
  #port = 0;

  private constructor(setup: LoopCamerasSetup) {
    const { count, network, port = 0, recording } = setup;
    this.setup = setup;
    const numbers = [String(port), String(count)];
    const args = ['test/clients/loop_cameras.py', network.address, ...numbers, recording.video, recording.sound];
    this.#run = startProcess(...network.within('/usr/bin/python3', args));
  }

  static async start(setup: LoopCamerasSetup): Promise<LoopCameras> {
    const cameras = new LoopCameras(setup);
    const line = await until('the cameras listen', () => cameras.#run.lines.find((each) => each.startsWith('port ')));
    cameras.#port = Number(line.split(' ')[1]);
    return cameras;
  }

  /** Starts them again at the same port. */
  again(): Promise<LoopCameras> {
    return LoopCameras.start({ ...this.setup, port: this.#port });
  }

  url(camera: number): string {
    return `rtsp://${this.setup.network.address}:${this.#port}/${camera}`;
  }

  /** When a camera was told to stop (`now()`), each time. */
  teardowns(camera: number): number[] {
    const said = this.#run.lines.filter((line) => line.startsWith(`TEARDOWN /${camera} `));
    return said.map((line) => Number(line.split(' ')[2]) / 1e6);
  }

  /** As if the power failed for the program, not for its machine: the kernel closes its connections. */
  kill(): Promise<void> {
    return this.#run.stop('SIGKILL');
  }
}
