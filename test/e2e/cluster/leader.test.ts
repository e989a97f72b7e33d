import { pino } from 'pino';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { NotLeaderError } from '../../../operator/kube/api-error.ts';
import type { KubeClient } from '../../../operator/kube/client.ts';
import { LeaderElection } from '../../../operator/kube/leader.ts';
import { pathOf, TYPES } from '../../../operator/kube/objects.ts';
import { systemClock } from '../../../process/clock.ts';
import { Api } from '../../harness/api.ts';
import type { ApiProxy } from '../../harness/api-proxy.ts';
import { until } from '../../harness/wait.ts';

const NAMESPACE = 'leader';
const timing = { leaseMs: 3_000, renewWithinMs: 2_000, retryMs: 200 };
const elections: LeaderElection[] = [];
let api: Api;

beforeAll(async () => {
  api = await Api.open();
  await api.kube.namespace(NAMESPACE);
});

afterEach(async () => {
  await Promise.all(elections.splice(0).map((election) => election.stop()));
  await api.kube.kubectl(['-n', NAMESPACE, 'delete', 'leases,configmaps', '--all']);
});

afterAll(async () => {
  await api.kube.removeNamespace(NAMESPACE);
  await api.close();
});

/** A replica: its election, and a client that may write while it leads. Both use one proxy. */
type Replica = {
  readonly election: LeaderElection;
  readonly client: KubeClient;
  readonly proxy: ApiProxy;
  /** Monotonic milliseconds; 0 = never. */
  readonly ledAt: () => number;
  readonly lostAt: () => number;
};

async function replica(identity: string): Promise<Replica> {
  const { client: leaseClient, proxy } = await api.through();
  const options = { namespace: NAMESPACE, name: 'test', identity, timing };
  const election = new LeaderElection(leaseClient, options, systemClock, pino({ level: 'silent' }));
  const writer = await api.through(() => election.leadsForMs);
  let [ledAt, lostAt] = [0, 0];
  election.start(
    () => {
      ledAt = performance.now();
    },
    () => {
      lostAt = performance.now();
    },
  );
  elections.push(election);
  return { election, client: writer.client, proxy, ledAt: () => ledAt, lostAt: () => lostAt };
}

const write = ({ client }: Replica, text: string): Promise<unknown> =>
  client.call('PATCH', pathOf(TYPES.ConfigMap, NAMESPACE, 'written'), {
    query: { fieldManager: 'test', force: 'true' },
    contentType: 'application/apply-patch+yaml',
    body: { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'written' }, data: { text } },
  });

describe('of two replicas', () => {
  it('one leads and may write, the other may not', async () => {
    const [one, other] = [await replica('one'), await replica('other')];
    await until('one leads', () => one.election.isLeader || other.election.isLeader);
    const [leader, second] = one.election.isLeader ? [one, other] : [other, one];
    await write(leader, 'by-the-leader');
    await expect(write(second, 'by-the-second')).rejects.toThrow(NotLeaderError);
    expect(second.election.isLeader).toBe(false);
  });

  it('the second takes over at once when the leader stops', async () => {
    const leader = await replica('leader');
    await until('it leads', () => leader.election.isLeader);
    const second = await replica('second');
    await leader.election.stop();
    await until('the second leads', () => second.election.isLeader, { timeoutMs: timing.renewWithinMs });
  });

  it('a leader that is cut off stops writing before the other can lead', async () => {
    const leader = await replica('leader');
    await until('it leads', () => leader.election.isLeader);
    const second = await replica('second');
    leader.proxy.fault = () => ({ kind: 'reset' });
    let lastWriteAt = 0;
    for (let count = 0; second.ledAt() === 0; count++) {
      const startedAt = performance.now();
      await write(leader, `w-${count}`).then(
        () => {
          lastWriteAt = startedAt;
        },
        (error: unknown) => expect(error).toBeInstanceOf(NotLeaderError),
      );
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    expect(lastWriteAt).toBeGreaterThan(0);
    expect(second.ledAt() - lastWriteAt).toBeGreaterThan(timing.leaseMs - timing.renewWithinMs - timing.retryMs);
    expect(leader.lostAt()).toBeGreaterThan(0);
  });

  it('a paused leader that resumes does not write on stale leadership', async () => {
    const leader = await replica('leader');
    await until('it leads', () => leader.election.isLeader);
    const second = await replica('second');
    // Every request of the first hangs, as in a process that is stopped.
    const { promise, resolve } = Promise.withResolvers<void>();
    leader.proxy.fault = () => promise.then(() => null);
    await until('the second leads', () => second.election.isLeader, { timeoutMs: 15_000 });
    resolve();
    await expect(write(leader, 'late')).rejects.toThrow(NotLeaderError);
    await until('it has heard of the new leader', () => !leader.election.isLeader);
    expect(second.election.isLeader).toBe(true);
  });
});
