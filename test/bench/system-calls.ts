import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { Audience } from './audience.ts';
import type { Report } from './figures.ts';
import { WORKERS } from './worker-kinds.ts';

const PLAYERS = 60;
const FRAME_PACKETS = 8;
const SEND_MS = 5_000;

/** Counts the system calls that send, by strace, in a run of its own: strace makes them slow. */
export async function countSystemCalls(report: Report): Promise<void> {
  const what = `${PLAYERS} players, ${FRAME_PACKETS}-packet frames: system calls that send, per packet`;
  if (!hasStrace()) return report(what, 'not measured: strace is not installed');
  const audience = await Audience.gather(WORKERS.batched, PLAYERS);
  try {
    const [worker] = await audience.media.workers();
    const calls = await traced(worker?.pid ?? 0, () => audience.send(FRAME_PACKETS, SEND_MS));
    if (calls === 0) return report(what, 'not measured: strace was refused');
    const perPacket = calls / (await audience.packets());
    report(what, perPacket.toFixed(3), { measured: perPacket, atMost: 0.25, unit: '' });
  } finally {
    await audience.close();
  }
}

async function traced(pid: number, run: () => Promise<unknown>): Promise<number> {
  const options = ['-f', '-c', '-U', 'calls,name', '-e', 'trace=sendto,sendmsg,sendmmsg'];
  const tracer = spawn('strace', [...options, '-p', String(pid)], { stdio: ['ignore', 'ignore', 'pipe'] });
  let summary = '';
  tracer.stderr.on('data', (text) => {
    summary += String(text);
  });
  const ended = once(tracer, 'close');
  // "Process 1 attached"
  await Promise.race([once(tracer.stderr, 'data'), ended]);
  await run();
  tracer.kill('SIGINT');
  await ended;
  return [...summary.matchAll(/^\s*(\d+) send/gm)].reduce((sum, [, calls]) => sum + Number(calls), 0);
}

function hasStrace(): boolean {
  try {
    execFileSync('strace', ['-V'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
