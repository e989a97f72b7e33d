import { setTimeout as sleep } from 'node:timers/promises';
import { described, flood, OddCamera, rtspAnswer } from '../../clients/odd-camera.ts';
import type { Report } from '../figures.ts';
import { spread } from '../statistics.ts';
import { framesLost } from './frames-seen.ts';
import { CAMERAS, type Site } from './site.ts';

const MEASURE_MS = 20_000;
const SDP_BYTES = 2_000_000_000;

/** A camera that floods whoever connects to it: with a description without an end, and with headers without an end. */
function startHostile(address: string): Promise<OddCamera> {
  return OddCamera.start(
    described((socket, request, { connections }) => {
      const head = rtspAnswer(request, '200 OK').slice(0, -2);
      if (connections % 2 === 0) return flood(socket, `${head}X-More: ${'x'.repeat(1_000)}\r\n`);
      socket.write(`${head}Content-Type: application/sdp\r\nContent-Length: ${SDP_BYTES}\r\n\r\n`);
      flood(socket, 'a=x\r\n'.repeat(1_000));
    }),
    address,
  );
}

/** Looks for packets that 19 cameras lose while one is hostile. */
export async function measureHostile(report: Report, site: Site): Promise<void> {
  const others = site.captures(CAMERAS - 1);
  const hostile = await startHostile(site.network.here);
  try {
    await Promise.all(others.map(({ name }) => site.watchers.play(name, site.whep(name))));
    await sleep(1_000);
    await site.watchers.begin();
    await site.apply([...others, { name: 'hostile', url: hostile.url }]);
    await sleep(MEASURE_MS);
    const watched = await site.watchers.seen();
    const missing = sum(watched.map((each) => each.missing));
    const lost = sum(watched.map((each) => framesLost(each, MEASURE_MS)));
    report(
      `one hostile camera of ${CAMERAS}: what players of the others lost`,
      `${missing} packets, ${lost} frames, and saw ${sum(watched.map(({ frames }) => frames.length))}`,
      { measured: missing + lost, atMost: 0, unit: '' },
    );
    const delays = watched.flatMap(({ frames }) => frames.map(({ receivedAt, sentAt }) => receivedAt - sentAt));
    report(`… their delay, while it was connected to ${hostile.connections} times`, spread(delays));
    await site.watchers.leave();
  } finally {
    await hostile.stop();
  }
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, each) => total + each, 0);
