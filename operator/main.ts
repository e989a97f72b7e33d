#!/usr/bin/env node
import { sleep, systemClock } from '../process/clock.ts';
import { runProgram, UsageError } from '../process/command-line.ts';
import { createLogger } from '../process/logger.ts';
import { openOps } from '../process/ops-listener.ts';
import { readConfig, USAGE } from './config.ts';
import { type Connection, connect, KubeClient } from './kube/client.ts';
import { LeaderElection } from './kube/leader.ts';
import { Manager } from './manager.ts';
import { OperatorMetrics } from './metrics.ts';

/** The label `name` of the leader metric. The name of the Lease may differ. */
const ELECTION = 'sluice-operator';
/** The time that work in flight has to end. The Lease must be released before the kubelet kills the pod after 20 s. */
const STOP_MS = 5_000;

async function main(): Promise<number> {
  const config = readConfig(process.argv.slice(2), process.env);
  const log = createLogger(config.logLevel);
  const metrics = new OperatorMetrics();
  // Replicas that do not lead write the Lease. It has its own connections, which are closed last.
  const leaseClient = new KubeClient(await reachCluster(), { writeForMs: () => Infinity, onRequest: metrics.request });
  const leader = new LeaderElection(
    leaseClient,
    { namespace: config.namespace, name: config.lease, identity: config.identity },
    systemClock,
    log,
  );
  const leads = (): boolean => !config.leaderElection || leader.isLeader;
  const writeForMs = (): number => (config.leaderElection ? leader.leadsForMs : Infinity);
  const client = new KubeClient(await reachCluster(), { writeForMs, onRequest: metrics.request });
  const manager = new Manager({ config, client, metrics, clock: systemClock, log });
  metrics.observe({
    depths: () => manager.depths(),
    leads,
    leaseName: ELECTION,
    foreign: () => manager.foreign(),
    conditions: () => manager.conditions(),
    captures: () => manager.captures(),
  });
  const ops = await openOps({
    log,
    host: config.listenAddress,
    port: config.port,
    setting: '--port',
    metrics: () => metrics.registry.metrics(),
    contentType: metrics.registry.contentType,
    checks: () => [{ name: 'lists', fault: manager.synced ? null : 'the initial lists are not complete' }],
  });
  const stopping = stopped();
  void manager.watch().then(() => log.info('the initial lists are complete'));
  const lost = config.leaderElection ? leadWhenElected(leader, manager) : leadAtOnce(manager);
  const code = await Promise.race([stopping, lost]);
  log.info('stopping');
  const inTime = sleep(systemClock, STOP_MS, new AbortController().signal);
  await Promise.race([manager.stop(), inTime]);
  // No request may be in flight when another replica can become leader.
  await client.close();
  await leader.stop();
  ops.close();
  await leaseClient.close();
  return code;
}

/** Throws `UsageError` when no cluster is configured. */
async function reachCluster(): Promise<Connection> {
  try {
    return await connect();
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new UsageError(`cannot find a cluster: ${reason}`, { cause: error });
  }
}

/** Resolves when leadership is lost. The operator then exits and restarts without state, as operators usually do. */
function leadWhenElected(leader: LeaderElection, manager: Manager): Promise<number> {
  return new Promise((resolve) => {
    leader.start(
      () => void manager.lead(),
      () => resolve(1),
    );
  });
}

function leadAtOnce(manager: Manager): Promise<number> {
  void manager.lead();
  return new Promise(() => undefined);
}

function stopped(): Promise<number> {
  return new Promise((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT']) process.once(signal, () => resolve(0));
  });
}

runProgram(main, USAGE);
