import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { selfSigned, tlsSecret } from '../harness/certificate.ts';
import type { Kube } from '../harness/kube.ts';
import type { Fetch } from '../harness/rtc-client.ts';
import { until } from '../harness/wait.ts';
import { runApart } from './apart.ts';
import type { Demo } from './demo.ts';
import { needsFreeHost } from './host.ts';
import { show, shown } from './shown.ts';

export const NAMESPACE = 'sluice-demo';
const FOLDER = 'examples/kubernetes';
const HOST = 'live.example.test';
/** The released image, which the demo replaces by the image of this tree. */
const RELEASED_IMAGE = /(?<=image: )ghcr\.io\/sluice-dev\/sluice:\S+/g;

const inNamespace = ['-n', NAMESPACE];

/** Applies examples/kubernetes in its own namespace and waits until everything works. */
export async function applyExamples(demo: Demo, kube: Kube, stays: boolean): Promise<void> {
  await needsNoNamespace(kube);
  await needsFreeHost(kube, HOST);
  await makeNamespace(demo, kube, stays);
  await kube.apply(NAMESPACE, tlsSecret('live-tls', selfSigned(HOST)));
  demo.seen(`the namespace ${NAMESPACE} exists, with a self-signed certificate for ${HOST} in the Secret live-tls`);
  show(`$ kubectl ${inNamespace.join(' ')} apply -f ${FOLDER}/     (the backend from the image of this tree)`);
  show(await kube.apply(NAMESPACE, ...(await manifests(kube.target.image))));
  await useIngressClass(kube);
  await shown(kube, ...inNamespace, 'wait', '--for=condition=Available', 'deployment/backend', '--timeout=60s');
  await shown(kube, ...inNamespace, 'wait', '--for=condition=Available', 'mediaserver/live', '--timeout=60s');
  await shown(kube, ...inNamespace, 'wait', '--for=condition=Programmed', 'streamapp/default', '--timeout=60s');
  demo.seen(`the media server, its app and the backend from ${FOLDER} are ready`);
  await showResources(kube);
}

/** Shows the resources, as a user lists them. */
export const showResources = (kube: Kube): Promise<void> => shown(kube, ...inNamespace, 'get', 'mserver,sapp,rhook');

/** Waits until the MediaServer's status, updated twice a minute, has these counts, and shows it. */
export async function showCounts(kube: Kube, publications: number, playbacks: number): Promise<void> {
  await until(
    `kubectl get shows ${publications} publications and ${playbacks} playbacks`,
    async () => {
      const { status } = await kube.get(NAMESPACE, 'mediaserver/live');
      return status.publications === publications && status.playbacks === playbacks;
    },
    { timeoutMs: 60_000, everyMs: 500 },
  );
  await showResources(kube);
}

/** Waits until the pods report that the backend answers. */
export const backendAnswers = (kube: Kube): Promise<void> =>
  shown(kube, ...inNamespace, 'wait', '--for=condition=Reachable', 'resthook/backend', '--timeout=60s');

/** Changes the number of pods, and waits until they know one another. */
export async function scaleTo(kube: Kube, replicas: number): Promise<void> {
  await shown(kube, ...inNamespace, 'scale', 'mediaserver/live', `--replicas=${replicas}`);
  const ready = `--for=jsonpath={.status.readyReplicas}=${replicas}`;
  await shown(kube, ...inNamespace, 'wait', ready, 'mediaserver/live', '--timeout=60s');
  await shown(kube, ...inNamespace, 'wait', '--for=condition=FleetReady', 'mediaserver/live', '--timeout=60s');
}

/** Replaces all pods, and waits until the new ones know one another. */
export async function rollOut(kube: Kube): Promise<void> {
  await shown(kube, ...inNamespace, 'rollout', 'restart', 'deployment/live');
  await shown(kube, ...inNamespace, 'rollout', 'status', 'deployment/live', '--timeout=120s');
  await shown(kube, ...inNamespace, 'wait', '--for=condition=FleetReady', 'mediaserver/live', '--timeout=60s');
  await shown(kube, ...inNamespace, 'get', 'pods', '-l', 'app.kubernetes.io/instance=live');
}

const TERMINATION = {
  apiVersion: 'sluice.dev/v1alpha1',
  kind: 'StreamTermination',
  metadata: { name: 'end-all' },
  spec: { mediaServerRef: { name: 'live' }, all: true },
};

/** Ends all streams with kubectl, and returns what the object says. */
export async function applyTermination(kube: Kube): Promise<string> {
  show(`$ kubectl ${inNamespace.join(' ')} apply -f -     (${JSON.stringify(TERMINATION)})`);
  show(await kube.apply(NAMESPACE, TERMINATION));
  const what = 'streamtermination/end-all';
  await shown(kube, ...inNamespace, 'wait', '--for=condition=Complete', what, '--timeout=60s');
  await shown(kube, ...inNamespace, 'get', 'sterm');
  const { status } = await kube.get(NAMESPACE, what);
  return `StreamTermination end-all: ${status.terminated} of ${status.matched} streams ended`;
}

/** Waits until the ingress controller serves the media server, and returns its URLs. */
export async function reachByIngress(kube: Kube, fetch: Fetch): Promise<{ http: string; https: string }> {
  const { endpoints } = (await kube.get(NAMESPACE, 'mediaserver/live')).status;
  for (const url of [endpoints.http, endpoints.https]) {
    const carries = async (): Promise<boolean> => {
      const { status } = await fetch(`${url}/play`, { method: 'GET', headers: {} });
      return status === 200;
    };
    await until(`the ingress controller serves ${url}`, () => carries().catch(() => false), {
      timeoutMs: 30_000,
      everyMs: 200,
    });
  }
  return endpoints;
}

/** Reads the user and password of the REST API from the Secret. */
export async function restUser(kube: Kube): Promise<string> {
  const { data } = await kube.get(NAMESPACE, 'secret/rest-api');
  return [data.username, data.password].map((value) => Buffer.from(value, 'base64').toString()).join(':');
}

async function needsNoNamespace(kube: Kube): Promise<void> {
  const known = await kube.kubectl(['get', 'namespace', NAMESPACE, '--ignore-not-found', '--output=name']);
  if (known !== '') {
    throw new Error(
      `the namespace ${NAMESPACE} already exists; if no demo is running: kubectl delete namespace ${NAMESPACE}`,
    );
  }
}

async function makeNamespace(demo: Demo, kube: Kube, stays: boolean): Promise<void> {
  if (stays) demo.removes(`the namespace ${NAMESPACE}`, () => removeNamespace(kube));
  await kube.namespace(NAMESPACE);
}

/** Must run before the operator is removed, which removes the finalizers of MediaServers. */
async function removeNamespace({ env }: Kube): Promise<void> {
  console.log(`Deleting the namespace ${NAMESPACE} (about 15 seconds).`);
  await runApart('kubectl', [...inNamespace, 'delete', 'mediaservers', '--all', '--timeout=60s'], { env });
  await runApart('kubectl', ['delete', 'namespace', NAMESPACE, '--ignore-not-found', '--timeout=120s'], { env });
}

async function manifests(image: string): Promise<string[]> {
  const files = (await readdir(FOLDER)).filter((name) => name.endsWith('.yaml')).sort();
  const texts = await Promise.all(files.map((name) => readFile(join(FOLDER, name), 'utf8')));
  return texts.map((text) => text.replace(RELEASED_IMAGE, image));
}

/** The examples use the default IngressClass, which a cluster of the user may not have. */
async function useIngressClass(kube: Kube): Promise<void> {
  if (kube.target.kind === 'embedded') return;
  const change = JSON.stringify({ spec: { ingress: { className: kube.target.ingressClass } } });
  await shown(kube, ...inNamespace, 'patch', 'mediaserver/live', '--type=merge', `--patch=${change}`);
}
