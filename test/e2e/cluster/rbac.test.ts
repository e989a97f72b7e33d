import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { AUDIT_LOG } from '../../cluster/control-plane.ts';
import { ClusterStage, streamApp, termination } from '../../harness/cluster-stage.ts';
import { type Json, SYSTEM } from '../../harness/kube.ts';
import { streamCapture } from '../../harness/stream-captures.ts';
import { until } from '../../harness/wait.ts';

const VALUES = ['--set', 'rbac.readNodes=true,rbac.userRoles=false'];
const ACCOUNT = `system:serviceaccount:${SYSTEM}:sluice`;
let stage: ClusterStage;

beforeAll(async () => {
  stage = await ClusterStage.open('rbac');
  await stage.kube.kubectl(['apply', '--server-side', '-f', podMonitors()]);
});

afterAll(async () => {
  await stage.clear();
  await stage.kube.kubectl(['delete', '--ignore-not-found', '-f', podMonitors()]);
  await stage.kube.install();
});

/** The kind of the Prometheus operator. The kind of the Gateway API is already installed. */
function podMonitors(): string {
  const folder = process.env['SLUICE_CRDS'];
  if (!folder) throw new Error('SLUICE_CRDS must be set; run this with make test');
  return join(folder, 'prometheus');
}

/** `group/resource verb`, each right of the operator in the chart's roles. */
async function granted(): Promise<string[]> {
  const text = await stage.kube.helm(['template', 'sluice', 'charts/sluice', '--namespace', SYSTEM, ...VALUES]);
  const roles = parseAllDocuments(text)
    .map((document) => document.toJS())
    .filter((each) => ['ClusterRole', 'Role'].includes(each?.kind));
  return roles.flatMap(({ rules }) =>
    rules.flatMap(({ apiGroups, resources, verbs }: Json) =>
      resources.flatMap((resource: string) => verbs.map((verb: string) => `${apiGroups[0]}/${resource} ${verb}`)),
    ),
  );
}

/** The operator's requests in the audit log since then: `group/resource verb`, and whether each was allowed. */
async function asked(since: string): Promise<{ isAllowed: boolean; right: string }[]> {
  const lines = (await readFile(AUDIT_LOG, 'utf8')).trim().split('\n');
  const events: Json[] = lines.map((line) => JSON.parse(line));
  return events
    .filter(({ objectRef, user }) => user.username === ACCOUNT && objectRef)
    .filter(({ requestReceivedTimestamp }) => requestReceivedTimestamp > since)
    .flatMap(({ annotations, objectRef, responseStatus, verb }) => {
      const { apiGroup = '', resource, subresource } = objectRef;
      const what = `${apiGroup}/${resource}${subresource ? `/${subresource}` : ''}`;
      const isAllowed = annotations?.['authorization.k8s.io/decision'] === 'allow';
      // An apply that creates its object also needs the right to create.
      const verbs = verb === 'patch' && responseStatus?.code === 201 ? ['patch', 'create'] : [verb];
      return verbs.map((each) => ({ isAllowed, right: `${what} ${each}` }));
    });
}

const isThere = async (what: string): Promise<boolean> => (await stage.get(what).catch(() => null)) !== null;

describe.runIf(inject('target').kind === 'embedded')('the rights of the operator', () => {
  it('are all used, and nothing is refused', { timeout: 180_000 }, async () => {
    const since = new Date().toISOString();
    await stage.kube.install(...VALUES);
    // Lists and watches are started at the start, and the Lease is created if it does not exist.
    await stage.kube.kubectl(['-n', SYSTEM, 'delete', 'lease', 'sluice-operator']);
    await stage.kube.kubectl(['-n', SYSTEM, 'rollout', 'restart', 'deployment/sluice']);
    await stage.kube.kubectl(['-n', SYSTEM, 'rollout', 'status', 'deployment/sluice', '--timeout=60s']);
    const nodes = stage.mediaServer(
      { ingress: null, rest: {}, media: { announcedAddress: 'NodeExternalIP' } },
      'nodes',
    );
    await stage.apply(nodes);
    await stage.condition('mediaserver/nodes', 'Degraded', 'True', 'NodeAddressMissing');
    await stage.live({ podMonitor: true });
    await until('there is a PodMonitor', () => isThere('podmonitor/live'));
    await stage.patch('mediaserver/live', {
      spec: { ingress: null, httpRoute: { parentRefs: [{ name: 'gateway' }] }, podMonitor: false },
    });
    await until(
      'the HTTPRoute has replaced the Ingress',
      async () => (await isThere('httproute/live')) && !(await isThere('ingress/live')),
    );
    await until('the PodMonitor is gone', async () => !(await isThere('podmonitor/live')));
    await stage.patch('mediaserver/live', {
      spec: { httpRoute: null, networkPolicy: false, podDisruptionBudget: false },
    });
    await until('the HTTPRoute is gone', async () => !(await isThere('httproute/live')));
    // An Event, and a change of the Service and of the Deployment.
    await stage.apply(streamApp('broken', { restHookRef: { name: 'missing' } }));
    await stage.condition('streamapp/broken', 'ResolvedRefs', 'False');
    // The status of a capture.
    await stage.apply(streamCapture('gate', { rtsp: { url: 'rtsp://192.0.2.1/main' } }));
    await stage.condition('streamcapture/gate', 'Accepted', 'False');
    await stage.apply(termination('all', { all: true, ttlAfterFinished: '1s' }));
    await until('the finished StreamTermination is gone', async () => !(await isThere('streamtermination/all')));
    await stage.kube.kubectl(['-n', stage.namespace, 'delete', 'mediaserver/live'], { timeoutMs: 60_000 });

    const requests = await asked(since);
    expect(requests.filter(({ isAllowed }) => !isAllowed)).toEqual([]);
    const used = new Set(requests.map(({ right }) => right));
    // The API server itself checks this right for owner references (OwnerReferencesPermissionEnforcement).
    used.add('sluice.dev/mediaservers/finalizers update');
    const rights = await granted();
    expect(rights.filter((right) => !used.has(right))).toEqual([]);
    expect([...used].filter((right) => !rights.includes(right))).toEqual([]);
  });
});
