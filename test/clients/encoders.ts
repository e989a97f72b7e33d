import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { freePort } from '../harness/ports.ts';
import { type RunningProcess, startProcess } from '../harness/processes.ts';
import { until } from '../harness/wait.ts';

const PICTURE = [
  '-f',
  'lavfi',
  '-i',
  'testsrc=size=320x180:rate=25',
  '-f',
  'lavfi',
  '-i',
  'sine=440',
  '-c:a',
  'aac',
  '-ac',
  '2',
];
const CODECS = {
  h264: ['-c:v', 'libx264', '-tune', 'zerolatency', '-profile:v', 'main'],
  h265: ['-c:v', 'libx265', '-tune', 'zerolatency'],
} as const;

type Encoding = {
  readonly codec?: keyof typeof CODECS;
  /** The time at which timestamps begin, in seconds. */
  readonly from?: number;
};

/** Sends a picture and a tone to `url` with ffmpeg. */
export function startEncoder(
  url: string,
  format: 'flv' | 'mpegts',
  { codec = 'h264', from = 0 }: Encoding = {},
): RunningProcess {
  const video = [...CODECS[codec], '-preset', 'ultrafast', '-pix_fmt', 'yuv420p', '-g', '25'];
  const output = ['-output_ts_offset', `${from}`, '-f', format, url];
  return startProcess('ffmpeg', ['-v', 'error', '-nostdin', '-re', ...PICTURE, ...video, ...output]);
}

/** nginx with its RTMP module; `url` is that of an application. */
export async function startRtmpServer(): Promise<{ readonly url: string; stop(): Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), 'sluice-rtmp-'));
  const port = await freePort();
  const program = process.env['SLUICE_NGINX'] ?? '/usr/sbin/nginx';
  const module = join(dirname(program), '../lib/nginx/modules/ngx_rtmp_module.so');
  const config = [
    `load_module ${module};`,
    'daemon off; pid nginx.pid; events {}',
    `rtmp { access_log off; server { listen 127.0.0.1:${port}; application live { live on; } } }`,
  ];
  await writeFile(join(folder, 'nginx.conf'), config.join('\n'));
  const nginx = startProcess(program, ['-p', folder, '-c', 'nginx.conf', '-e', 'stderr']);
  await until('nginx listens', () => isOpen(port));
  const stop = async (): Promise<void> => {
    await nginx.stop();
    await rm(folder, { recursive: true, force: true });
  };
  return { url: `rtmp://127.0.0.1:${port}/live`, stop };
}

function isOpen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}

/** Listens, but lets nobody connect. */
export async function startBlackHole(): Promise<{ readonly port: number; stop(): Promise<void> }> {
  // The kernel answers the first connections by itself, so they are taken.
  const script = `
import socket, sys, time
hole = socket.create_server(("127.0.0.1", 0), backlog=0)
taken = [socket.socket() for _ in range(3)]
for each in taken:
    each.setblocking(False)
    each.connect_ex(hole.getsockname())
print(hole.getsockname()[1], flush=True)
time.sleep(600)`;
  const run = startProcess('/usr/bin/python3', ['-c', script]);
  const port = Number(await until('the black hole listens', () => run.lines[0]));
  return { port, stop: () => run.stop('SIGKILL') };
}
