import { fork } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { formatFleetKey } from '../../crds/render/fleet-key.ts';
import type { Roster } from '../../crds/schema/internal.ts';
import { Fleet } from '../../media-server/fleet/fleet.ts';
import { PeerWire } from '../../media-server/fleet/peer-wire.ts';
import { DenyList } from '../../media-server/streams/deny.ts';
import { EndedLog } from '../../media-server/streams/ended-log.ts';
import { systemClock } from '../../process/clock.ts';
import { createLogger } from '../../process/logger.ts';
import { fakeStreams, NO_EVENTS } from '../builders/streams.ts';
import { RtcClient } from '../harness/rtc-client.ts';
import { TestFleet } from '../harness/test-fleet.ts';
import { until } from '../harness/wait.ts';
import { now } from './clock.ts';
import type { Report } from './figures.ts';
import type { MembersTold, StartMembers } from './fleet-members.ts';
import { Players } from './players.ts';
import { percentile, spread } from './statistics.ts';

const PODS = 3;
const STREAMS = 1_000;
const CLAIMS = 200;

/** Measures how long one call takes to end a thousand streams on three pods, and what a larger fleet costs. */
export async function benchFleet(report: Report): Promise<void> {
  await endAll(report);
  for (const members of [3, 10, 30, 100]) await joinAndClaim(report, members);
}

async function endAll(report: Report): Promise<void> {
  const fleet = await TestFleet.start(PODS);
  const publishers: RtcClient[] = [];
  const players = new Players();
  try {
    for (const [index, { url }] of fleet.servers.entries()) {
      const publisher = await RtcClient.publish(`${url}/whip/defaultApp/bench-${index}`);
      publishers.push(publisher);
      await publisher.connected();
      await until('it is live', () => publisher.state === 'connected');
    }
    for (const [index, { url }] of fleet.servers.entries()) {
      const count = Math.floor(STREAMS / PODS) + (index < STREAMS % PODS ? 1 : 0);
      await players.start(`${url}/whep/defaultApp/bench-${index}`, count);
    }
    const [first] = fleet.servers;
    if (!first) throw new Error('there is no pod');
    const orderedAt = now();
    const { body, status } = await first.terminate({ published: false });
    const answeredMs = now() - orderedAt;
    const { terminated } = body as { terminated: number };
    if (status !== 200 || terminated !== STREAMS) throw new Error(`terminate: ${status}, ${terminated} ended`);
    const what = `terminate of ${STREAMS} on ${PODS} pods`;
    report(`${what}: call to its answer, all transports closed`, `${answeredMs.toFixed(1)} ms`, {
      measured: answeredMs,
      atMost: 500,
      unit: 'ms',
    });
    await until('every client knows', () => players.endedAt.length === STREAMS, { timeoutMs: 20_000 });
    const knewMs = players.endedAt.map((at) => at - orderedAt);
    const late = knewMs.filter((ms) => ms > 1_000).length;
    report(`${what}: call until each client has noticed`, `${spread(knewMs)}, ${late} over 1 s`, {
      measured: percentile(knewMs, 0.99),
      atMost: 700,
      unit: 'ms, p99',
    });
  } finally {
    for (const publisher of publishers) publisher.close();
    players.stop();
    await fleet.stop();
  }
}

/** The members are real listeners in another process; the pod that joins and claims is in this one. */
async function joinAndClaim(report: Report, members: number): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'sluice-bench-'));
  const keyFile = join(folder, 'fleet.key');
  await writeFile(keyFile, formatFleetKey({ identity: 'fleet-1', key: randomBytes(32) }));
  const child = fork(new URL('./fleet-members.ts', import.meta.url));
  const wire = new PeerWire(keyFile);
  const fleet = newMember(wire);
  try {
    const ports = await new Promise<MembersTold>((resolve) => {
      child.once('message', (message) => resolve(message as MembersTold));
      child.send({ count: members - 1, keyFile } satisfies StartMembers);
    });
    const others = ports.map((port, index) => ({
      pod: `pod-${index}`,
      uid: `uid-${index}`,
      address: '127.0.0.1',
      port,
    }));
    const self = { pod: 'new', uid: 'new', address: '127.0.0.1', port: 1 };
    const roster: Roster = { revision: 2, members: [...others, self] };
    fleet.start(null);
    const sentAt = performance.now();
    fleet.membership.offer(roster);
    await until('it is admitted', () => fleet.isAdmitted, { timeoutMs: 20_000, everyMs: 1 });
    const readyMs = performance.now() - sentAt;
    report(`roster to ready, ${members} members`, `${readyMs.toFixed(1)} ms`, {
      measured: readyMs,
      atMost: 3_000,
      unit: 'ms',
    });
    const tookMs: number[] = [];
    const cpu = process.cpuUsage();
    for (let index = 0; index < CLAIMS; index++) {
      const askedAt = performance.now();
      await fleet.names.claim({ appKey: 'app', name: `name-${index}`, at: Date.now(), capture: null });
      tookMs.push(performance.now() - askedAt);
    }
    const { system, user } = process.cpuUsage(cpu);
    const cpuMs = (system + user) / 1_000 / CLAIMS;
    report(`claim of a name, ${members} members`, `${spread(tookMs)}, CPU ${cpuMs.toFixed(2)} ms each`, {
      measured: percentile(tookMs, 0.5),
      atMost: members <= 10 ? 5 : 25,
      unit: 'ms, p50',
    });
  } finally {
    fleet.close();
    await wire.close();
    child.kill('SIGKILL');
    await rm(folder, { recursive: true, force: true });
  }
}

function newMember(wire: PeerWire): Fleet {
  return new Fleet({
    ...fakeStreams(),
    deny: new DenyList({ clock: systemClock, isProxy: () => false }),
    ended: new EndedLog(),
    events: NO_EVENTS,
    nodeId: 'new@127.0.0.1',
    podName: 'new',
    uid: 'new',
    startedAt: Date.now(),
    save: () => undefined,
    wire,
    media: () => {
      throw new Error('nothing is played');
    },
    own: { get: () => undefined, all: () => [] },
    lose: () => undefined,
    clock: systemClock,
    log: createLogger('silent'),
    metrics: { peerRequest: () => undefined, claimUnanswered: () => undefined, pipeFailed: () => undefined },
  });
}
