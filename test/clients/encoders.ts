import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { addressOf, type Place, startAt } from '../harness/place.ts';
import { freePort } from '../harness/ports.ts';
import type { RunningProcess } from '../harness/processes.ts';
import { until } from '../harness/wait.ts';

/** Picture and sound, of which the sound is sent later by these seconds. */
const CONTENTS = {
  tone: () => ['testsrc=size=320x180:rate=25', 'sine=440'],
  /** A flash and a beep at each whole second. There is never silence: encoders would collect it. */
  flashes: (late: number) => [
    "color=black:size=320x180:rate=25,drawbox=color=white:t=fill:enable='lt(mod(t,1),0.2)'",
    `aevalsrc='(random(0)-0.5)*(0.02+lt(mod(t+1-${late},1),0.2))':sample_rate=48000`,
  ],
} as const;
const SOUND = ['-c:a', 'aac', '-ac', '2'];
const CODECS = {
  h264: ['-c:v', 'libx264', '-tune', 'zerolatency', '-profile:v', 'main'],
  h265: ['-c:v', 'libx265', '-tune', 'zerolatency'],
} as const;

type Encoding = {
  readonly codec?: keyof typeof CODECS;
  /** The time at which timestamps begin, in seconds. */
  readonly from?: number;
  readonly content?: keyof typeof CONTENTS;
  /** By how many seconds, less than one, the sound is sent later than its picture. */
  readonly soundLate?: number;
  readonly at?: Place;
};

/** Sends picture and sound to `url` with ffmpeg; as a listener to one reader. */
export function startEncoder(
  url: string,
  format: 'flv' | 'mpegts',
  { at = '127.0.0.1', codec = 'h264', content = 'tone', from = 0, soundLate = 0 }: Encoding = {},
): RunningProcess {
  const [picture = '', sound = ''] = CONTENTS[content](soundLate);
  const video = [...CODECS[codec], '-preset', 'ultrafast', '-pix_fmt', 'yuv420p', '-g', '25'];
  // What is made at the same time is not presented at the same time, and nothing waits for the other.
  const late = soundLate === 0 ? [] : ['-itsoffset', `${-soundLate}`];
  const order = soundLate === 0 ? [] : ['-max_interleave_delta', '1'];
  const output = ['-output_ts_offset', `${from}`, ...order, '-f', format, url];
  const input = ['-re', '-f', 'lavfi', '-i', picture, '-re', '-f', 'lavfi', ...late, '-i', sound];
  return startAt(at, 'ffmpeg', ['-v', 'error', '-nostdin', ...input, ...SOUND, ...video, ...output]);
}

/** nginx with its RTMP module; `url` is that of an application. */
export async function startRtmpServer(
  at: Place = '127.0.0.1',
): Promise<{ readonly url: string; stop(): Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), 'sluice-rtmp-'));
  const [address, port] = [addressOf(at), await freePort()];
  const program = process.env['SLUICE_NGINX'] ?? '/usr/sbin/nginx';
  const module = join(dirname(program), '../lib/nginx/modules/ngx_rtmp_module.so');
  const config = [
    `load_module ${module};`,
    'daemon off; pid nginx.pid; events {}',
    `rtmp { access_log off; server { listen ${address}:${port}; application live { live on; } } }`,
  ];
  await writeFile(join(folder, 'nginx.conf'), config.join('\n'));
  const nginx = startAt(at, program, ['-p', folder, '-c', 'nginx.conf', '-e', 'stderr']);
  await until('nginx listens', () => isOpen(port, address));
  const stop = async (): Promise<void> => {
    await nginx.stop();
    await rm(folder, { recursive: true, force: true });
  };
  return { url: `rtmp://${address}:${port}/live`, stop };
}

function isOpen(port: number, address: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, address, () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}

/** Listens, but lets nobody connect. */
export async function startBlackHole(
  at: Place = '127.0.0.1',
): Promise<{ readonly port: number; stop(): Promise<void> }> {
  // The kernel answers the first connections by itself, so they are taken.
  const script = `
import socket, sys, time
hole = socket.create_server((sys.argv[1], 0), backlog=0)
taken = [socket.socket() for _ in range(3)]
for each in taken:
    each.setblocking(False)
    each.connect_ex(hole.getsockname())
print(hole.getsockname()[1], flush=True)
time.sleep(600)`;
  const run = startAt(at, '/usr/bin/python3', ['-c', script, addressOf(at)]);
  const port = Number(await until('the black hole listens', () => run.lines[0]));
  return { port, stop: () => run.stop('SIGKILL') };
}
