import { connect, KubeClient } from '../../operator/kube/client.ts';
import { pathOf, type ResourceType, TYPES } from '../../operator/kube/objects.ts';
import { openTarget } from '../cluster/target.ts';
import { type Json, Kube, SYSTEM } from '../harness/kube.ts';
import { until } from '../harness/wait.ts';
import { measureApplied } from './captures/applied.ts';
import type { Report } from './figures.ts';
import { onInterrupt } from './interrupts.ts';
import { percentile, spread } from './statistics.ts';

const NAMESPACE = 'bench';
const CAPTURED = { namespace: NAMESPACE, mediaServer: 'live', app: 'app-0' };
const EDITS = 50;
const APPS = 1_000;
const REST_MS = 60_000;
/** Longer than the interval at which counts are written. */
const SETTLE_MS = 35_000;

/** Measures the time from `kubectl apply` to running pods and captures, a thousand apps, and the cost of the operator. */
export async function benchOperator(report: Report): Promise<void> {
  const target = await openTarget((text) => console.log(`cluster: ${text}`));
  if (target.kubeconfig !== '') process.env['KUBECONFIG'] = target.kubeconfig;
  const forget = onInterrupt(target.release);
  const kube = new Kube(target);
  const client = new KubeClient(await connect(), { writeForMs: () => Infinity, onRequest: () => undefined });
  try {
    await kube.install();
    await kube.namespace(NAMESPACE);
    await new OperatorBench(kube, client, report).run();
  } finally {
    await kube.removeNamespace(NAMESPACE);
    await client.close();
    forget();
    await target.release();
  }
}

/** What the leader has used so far. */
type Spent = { readonly cpuSeconds: number; readonly memoryBytes: number; readonly requests: number };

class OperatorBench {
  readonly #kube: Kube;
  readonly #client: KubeClient;
  readonly #report: Report;

  constructor(kube: Kube, client: KubeClient, report: Report) {
    this.#kube = kube;
    this.#client = client;
    this.#report = report;
  }

  async run(): Promise<void> {
    const api = 'sluice.dev/v1alpha1';
    const resources = { requests: { cpu: '50m', memory: '128Mi' } };
    const spec = { replicas: 2, keepAlive: { enabled: true }, resources };
    await this.#kube.apply(NAMESPACE, { apiVersion: api, kind: 'MediaServer', metadata: { name: 'live' }, spec });
    await this.#create(TYPES.RestHook, 'backend', {
      url: 'http://backend/MyAPI',
      methods: [{ name: 'StreamKeepAliveEvent' }],
    });
    await this.#createApp(0);
    await this.#kube.condition(NAMESPACE, 'mediaserver/live', 'ConfigApplied', 'True');
    await this.#kube.kubectl(['-n', NAMESPACE, 'rollout', 'status', 'deployment/live', '--timeout=60s']);
    await this.#atRest('with one app');
    await this.#edits('with one app');
    await measureApplied(this.#report, { kube: this.#kube, client: this.#client, ...CAPTURED });
    await this.#manyApps();
    await this.#atRest(`with ${APPS} apps`);
    await this.#edits(`with ${APPS} apps`);
  }

  /** Times single edits, from the request until every pod reports another config. */
  async #edits(when: string): Promise<void> {
    const pods = await this.#kube.pods(NAMESPACE, 'live');
    const addresses: string[] = pods.map(({ status }) => status.podIP);
    const took: number[] = [];
    for (let edit = 0; edit < EDITS; edit++) {
      const before = await Promise.all(addresses.map(configOf));
      const sentAt = performance.now();
      await this.#client.call('PATCH', pathOf(TYPES.MediaServer, NAMESPACE, 'live'), {
        contentType: 'application/merge-patch+json',
        body: { spec: { keepAlive: { interval: `${11 + (edit % 2)}s` } } },
      });
      await until(
        'every pod runs it',
        async () => (await Promise.all(addresses.map(configOf))).every((hash, at) => hash !== before[at]),
        { everyMs: 5 },
      );
      took.push(performance.now() - sentAt);
    }
    this.#report(`edit sent → ${addresses.length} pods run it, ${when}`, spread(took), {
      measured: percentile(took, 0.99),
      atMost: 1_000,
      unit: 'ms, p99',
    });
  }

  async #manyApps(): Promise<void> {
    const startedAt = performance.now();
    for (let at = 1; at < APPS; at += 50) {
      const batch = Array.from({ length: Math.min(50, APPS - at) }, (_, index) => at + index);
      await Promise.all(batch.map((index) => this.#createApp(index)));
    }
    const createdMs = performance.now() - startedAt;
    await until(`${APPS} apps are Programmed`, async () => (await this.#programmed()) === APPS, {
      timeoutMs: 180_000,
      everyMs: 500,
    });
    const seconds = (ms: number): string => (ms / 1000).toFixed(1);
    const allMs = performance.now() - startedAt;
    this.#report(`${APPS} StreamApps created`, `${seconds(createdMs)} s`);
    this.#report('… and all Programmed', `${seconds(allMs)} s after the first was sent`, {
      measured: allMs / 1_000,
      atMost: 60,
      unit: 's',
    });
  }

  async #programmed(): Promise<number> {
    const { items } = await this.#client.call<{ items: Json[] }>('GET', pathOf(TYPES.StreamApp, NAMESPACE));
    const isProgrammed = ({ status }: Json): boolean =>
      status?.conditions?.some((each: Json) => each.type === 'Programmed' && each.status === 'True') ?? false;
    return items.filter(isProgrammed).length;
  }

  async #atRest(when: string): Promise<void> {
    await this.#settled();
    const before = await this.#spent();
    await new Promise((resolve) => setTimeout(resolve, REST_MS));
    const after = await this.#spent();
    const share = ((after.cpuSeconds - before.cpuSeconds) / (REST_MS / 1000)) * 100;
    const memory = after.memoryBytes / 2 ** 20;
    this.#report(`operator at rest ${when}: memory`, `${memory.toFixed(0)} MiB`, {
      measured: memory,
      atMost: 150,
      unit: 'MiB',
    });
    this.#report(`operator at rest ${when}: CPU`, `${share.toFixed(1)} % of a core`);
    this.#report(
      `operator at rest ${when}: requests to the API server`,
      `${after.requests - before.requests} a minute`,
    );
  }

  /** Waits until the operator is idle: less than two requests a second. */
  async #settled(): Promise<void> {
    let before = await this.#spent();
    await until(
      'the operator is at rest',
      async () => {
        const now = await this.#spent();
        const requests = now.requests - before.requests;
        before = now;
        return requests < 2 * (SETTLE_MS / 1000);
      },
      { timeoutMs: 180_000, everyMs: SETTLE_MS },
    );
  }

  async #spent(): Promise<Spent> {
    const { items } = await this.#kube.get(SYSTEM, 'pods', '-l', 'app.kubernetes.io/name=sluice-operator');
    const texts = await Promise.all(items.map(({ status }: Json) => metricsOf(`${status.podIP}:8080`)));
    const leader = texts.find((text) => /^leader_election_master_status\S* 1$/m.test(text));
    if (leader === undefined) throw new Error('no operator leads');
    return {
      cpuSeconds: sum(leader, 'process_cpu_seconds_total'),
      memoryBytes: sum(leader, 'process_resident_memory_bytes'),
      requests: sum(leader, 'rest_client_requests_total'),
    };
  }

  #createApp(index: number): Promise<void> {
    const references = { mediaServerRef: { name: 'live' }, restHookRef: { name: 'backend' } };
    return this.#create(TYPES.StreamApp, `app-${index}`, { appKey: `app-${index}`, ...references });
  }

  async #create({ apiVersion, kind, plural }: ResourceType, name: string, spec: object): Promise<void> {
    const body = { apiVersion, kind, metadata: { name }, spec };
    await this.#client.call('POST', pathOf({ apiVersion, kind, plural }, NAMESPACE), { body });
  }
}

async function metricsOf(address: string): Promise<string> {
  return (await fetch(`http://${address}/metrics`)).text();
}

/** Hash of the config that a pod runs. */
async function configOf(address: string): Promise<string> {
  return /^sluice_config_info\{hash="(\w+)"\} 1$/m.exec(await metricsOf(`${address}:9090`))?.[1] ?? '';
}

/** The sum of all series of a metric. */
function sum(text: string, name: string): number {
  return [...text.matchAll(new RegExp(`^${name}(?:\\{.*\\})? (\\S+)$`, 'gm'))].reduce(
    (total, [, value]) => total + Number(value),
    0,
  );
}
