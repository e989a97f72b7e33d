import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CapturedSource } from '../clients/captured-source.ts';
import { descendants } from './descendants.ts';
import { addressOf, type Place, startAt } from './place.ts';
import { type RunningProcess, startProcess } from './processes.ts';
import { until } from './wait.ts';

export const PROGRAM = process.env['SLUICE_SOURCES_BIN'] ?? 'sluice-sources';

/** Those of test/clients/rtsp_cameras.py. */
export const CREDENTIALS = { user: 'cam', password: 'p@ss:w/ö %41' };
/** That password as it is, in a URL, and with its user in a header of Basic. */
export const SHOWN_PASSWORD = /p@ss:w|p%40ss|Y2FtOnBAc3M/;

export type Spec = Readonly<Record<string, string | number>>;

/** A running sluice-sources. */
export class Sources {
  readonly folder = mkdtempSync(join(tmpdir(), 'sluice-sources-'));
  readonly socket = join(this.folder, 'socket');
  readonly run: RunningProcess;

  private constructor(options: readonly string[]) {
    this.run = startProcess(PROGRAM, ['--listen', this.socket, ...options]);
  }

  static async start(...options: readonly string[]): Promise<Sources> {
    const sources = new Sources(options);
    await until('sluice-sources listens', () => readdirSync(sources.folder).length === 1);
    return sources;
  }

  /** Starts a second program on the same socket. */
  another(): RunningProcess {
    return startProcess(PROGRAM, ['--listen', this.socket]);
  }

  /** Captures from loopback; `more` replaces keys. */
  capture(spec: Spec): CapturedSource {
    const lines = Object.entries({ kind: 'rtsp', allow: '127.0.0.1', ...spec }).map(
      ([key, value]) => `${key}=${value}\n`,
    );
    return new CapturedSource(this.socket, `${lines.join('')}\n`);
  }

  /** The pids of the captures. */
  captures(): number[] {
    const { pid } = this.run.child;
    return pid === undefined ? [] : descendants(pid);
  }

  /** The peak of resident memory of all captures, in MiB; watched until `done`. */
  async peakMemory(done: Promise<unknown>): Promise<number> {
    let [peak, over] = [0, false];
    const watch = done.then(() => {
      over = true;
    });
    while (!over) {
      peak = Math.max(peak, ...this.captures().map(peakOf));
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    await watch;
    return peak;
  }

  openFiles(): number {
    return readdirSync(`/proc/${this.run.child.pid}/fd`).length;
  }

  async stop(signal?: NodeJS.Signals): Promise<void> {
    await this.run.stop(signal);
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** Resident memory at its highest, in MiB; 0 after the end of the process. */
function peakOf(pid: number): number {
  try {
    return Number(/VmHWM:\s*(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) / 1024;
  } catch {
    return 0;
  }
}

/** Cameras on GStreamer's RTSP server, at an address of this machine or in a network of their own. */
export class RtspCameras {
  readonly run: RunningProcess;
  readonly #address: string;

  private constructor(at: Place) {
    this.#address = addressOf(at);
    this.run = startAt(at, '/usr/bin/python3', ['test/clients/rtsp_cameras.py', this.#address]);
  }

  static async start(at: Place = '127.0.0.1'): Promise<RtspCameras> {
    const cameras = new RtspCameras(at);
    await until('the cameras listen', () => cameras.run.lines.some((line) => line.startsWith('port digest')));
    return cameras;
  }

  /** The URL of a camera on one of the three servers. */
  url(path: string, server: 'open' | 'basic' | 'digest' = 'open'): string {
    return `rtsp://${this.#address}:${this.port(server)}/${path}`;
  }

  port(server: 'open' | 'basic' | 'digest'): number {
    const line = this.run.lines.find((each) => each.startsWith(`port ${server} `));
    return Number(line?.split(' ')[2]);
  }

  /** How often a camera was told to play, or to stop. */
  count(method: 'PLAY' | 'TEARDOWN', path: string): number {
    return this.run.lines.filter((line) => line === `${method} /${path}`).length;
  }
}
