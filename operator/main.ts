#!/usr/bin/env node
import { systemClock } from './clock.ts';
import { readConfig, USAGE, UsageError } from './config.ts';
import { openHealth } from './health.ts';
import { type Connection, connect, KubeClient } from './kube/client.ts';
import { LeaderElection } from './kube/leader.ts';
import { createLogger } from './logger.ts';
import { Manager } from './manager.ts';
import { OperatorMetrics } from './metrics.ts';

/** Label `name` of the metric; the Lease itself may be called otherwise. */
const ELECTION = 'sluice-operator';

async function main(): Promise<number> {
  const config = readConfig(process.argv.slice(2), process.env);
  const log = createLogger(config.logLevel);
  const metrics = new OperatorMetrics();
  const connection = await reachCluster();
  // The lease itself is written before anyone leads.
  const leaseClient = new KubeClient(connection, { writeForMs: () => Infinity, onRequest: metrics.request });
  const leader = new LeaderElection(
    leaseClient,
    { namespace: config.namespace, name: config.lease, identity: config.identity },
    systemClock,
    log,
  );
  const leads = (): boolean => !config.leaderElection || leader.isLeader;
  const writeForMs = (): number => (config.leaderElection ? leader.leadsForMs : Infinity);
  const client = new KubeClient(connection, { writeForMs, onRequest: metrics.request });
  const manager = new Manager({ config, client, metrics, clock: systemClock, log });
  metrics.observe({
    depths: () => manager.depths(),
    leads,
    leaseName: ELECTION,
    conditions: () => manager.conditions(),
  });
  const health = await openHealth({
    host: config.listenAddress,
    port: config.port,
    metrics: () => metrics.registry.metrics(),
    contentType: metrics.registry.contentType,
    isReady: () => manager.synced,
  });
  const stopping = stopped();
  void manager.watch().then(() => log.info('everything is listed'));
  const lost = config.leaderElection ? leadWhenElected(leader, manager) : leadAtOnce(manager);
  const code = await Promise.race([stopping, lost]);
  log.info('stopping');
  await manager.stop();
  await leader.stop();
  health.close();
  await client.close();
  return code;
}

/** Throws `UsageError` when nothing says where a cluster is. */
async function reachCluster(): Promise<Connection> {
  try {
    return await connect();
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new UsageError(`no cluster can be found: ${reason}`, { cause: error });
  }
}

/** Resolves when leadership is lost: like every operator, this one then starts anew, with nothing half done in it. */
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

/** Help was asked for, an option is wrong, or something that needs its stack. */
function lastWords(error: unknown): string {
  if (error instanceof UsageError) return error.message === '' ? USAGE : `${error.message}\n\n${USAGE}`;
  return `${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`;
}

main().then(
  (code) => process.exit(code),
  (error: unknown) => {
    const isHelp = error instanceof UsageError && error.message === '';
    (isHelp ? process.stdout : process.stderr).write(lastWords(error));
    process.exit(isHelp ? 0 : error instanceof UsageError ? 2 : 1);
  },
);
