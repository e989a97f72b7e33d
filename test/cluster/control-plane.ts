import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { until } from '../harness/wait.ts';
import { attempt, run } from './commands.ts';
import { Host } from './host.ts';
import { CONTROL_PLANE, joined, KUBECONFIG, program, SETTINGS } from './settings.ts';

const { folder } = SETTINGS;
const address = SETTINGS.controlPlane.ipv4;
const pki = join(folder, 'pki');
const conf = join(folder, 'conf');
const kubeadmConfig = join(folder, 'kubeadm.yaml');

/** CA of the API server and of client certificates for kubelets. */
export const CLUSTER_CA = join(pki, 'ca.crt');

/** Audit log of requests by service accounts. */
export const AUDIT_LOG = join(folder, CONTROL_PLANE, 'audit.log');

export const controlPlane = (): Host => new Host(CONTROL_PLANE, SETTINGS.controlPlane);

/** Keys and kubeconfigs of the control plane, made by kubeadm. */
export async function makeKeys(): Promise<void> {
  await mkdir(conf, { recursive: true });
  const api = 'kubeadm.k8s.io/v1beta4';
  const init = {
    apiVersion: api,
    kind: 'InitConfiguration',
    localAPIEndpoint: { advertiseAddress: address, bindPort: 6443 },
  };
  const cluster = {
    apiVersion: api,
    kind: 'ClusterConfiguration',
    kubernetesVersion: SETTINGS.kubernetesVersion,
    certificatesDir: pki,
    controlPlaneEndpoint: `${address}:6443`,
    networking: {
      podSubnet: joined(SETTINGS.podNetwork),
      serviceSubnet: joined(SETTINGS.serviceNetwork),
      dnsDomain: SETTINGS.clusterDomain,
    },
  };
  const documents = [{ ...init, nodeRegistration: { name: CONTROL_PLANE } }, cluster];
  await writeFile(kubeadmConfig, documents.map((document) => stringify(document)).join('---\n'));
  await kubeadm('init', 'phase', 'certs', 'all');
  for (const name of ['super-admin', 'controller-manager', 'scheduler']) {
    await kubeadm('init', 'phase', 'kubeconfig', name, '--kubeconfig-dir', conf);
  }
  await makeKubeconfig('system:kube-proxy', join(conf, 'kube-proxy.conf'));
  await run('cp', [join(conf, 'super-admin.conf'), KUBECONFIG]);
}

/** Makes a kubeconfig with a client certificate for a user, optionally in a group. */
export async function makeKubeconfig(user: string, file: string, group?: string): Promise<void> {
  const groups = group === undefined ? [] : ['--org', group];
  const text = await run(program('kubeadm'), [
    'kubeconfig',
    'user',
    '--config',
    kubeadmConfig,
    '--client-name',
    user,
    ...groups,
  ]);
  await writeFile(file, text, { mode: 0o600 });
}

export const KUBE_PROXY_CONFIG = join(conf, 'kube-proxy.conf');

async function kubeadm(...args: string[]): Promise<void> {
  await run(program('kubeadm'), [...args, '--config', kubeadmConfig]);
}

/** Starts etcd and the API server, and once it has created the RBAC rules, the controller manager and the scheduler. */
export async function startControlPlane(): Promise<void> {
  const host = controlPlane();
  await host.start();
  await host.launch('etcd', etcdFlags());
  await startApiServer();
  await startControllers();
  await allowExec();
}

async function startControllers(): Promise<void> {
  await controlPlane().launch('kube-controller-manager', controllerManagerFlags());
  await controlPlane().launch('kube-scheduler', ownConfig('scheduler'));
}

export async function restartControllers(): Promise<void> {
  for (const name of ['kube-controller-manager', 'kube-scheduler']) await controlPlane().end(name, 'KILL');
  await startControllers();
}

export async function startApiServer(): Promise<void> {
  await controlPlane().launch('kube-apiserver', apiServerFlags());
  await until('the API server is ready', apiServerIsReady, { timeoutMs: 60_000, everyMs: 100 });
}

export async function stopApiServer(): Promise<void> {
  await controlPlane().end('kube-apiserver', 'KILL');
}

async function apiServerIsReady(): Promise<boolean> {
  return (await attempt(program('kubectl'), ['--kubeconfig', KUBECONFIG, 'get', '--raw', '/readyz'])) === 'ok';
}

/** Allows the API server to call kubelets, which logs and exec need. */
async function allowExec(): Promise<void> {
  const binding = ['clusterrolebinding', 'sluice:kubelet-api-admin', '--clusterrole=system:kubelet-api-admin'];
  const args = ['create', ...binding, '--user=kube-apiserver-kubelet-client'];
  const known = await attempt(program('kubectl'), [
    '--kubeconfig',
    KUBECONFIG,
    'get',
    binding[0] ?? '',
    binding[1] ?? '',
  ]);
  if (known === null) await run(program('kubectl'), ['--kubeconfig', KUBECONFIG, ...args]);
}

function etcdFlags(): string[] {
  const client = 'http://127.0.0.1:2379';
  return [
    `--data-dir=${join(folder, CONTROL_PLANE, 'etcd')}`,
    `--listen-client-urls=${client}`,
    `--advertise-client-urls=${client}`,
    '--listen-peer-urls=http://127.0.0.1:2380',
    // The data need not survive a crash of the machine.
    '--unsafe-no-fsync',
    '--log-level=warn',
  ];
}

function apiServerFlags(): string[] {
  const file = (name: string): string => join(pki, name);
  return [
    '--etcd-servers=http://127.0.0.1:2379',
    `--bind-address=${address}`,
    `--advertise-address=${address}`,
    '--secure-port=6443',
    '--allow-privileged=true',
    '--authorization-mode=Node,RBAC',
    // OwnerReferencesPermissionEnforcement requires permission to set owner references, as on OpenShift.
    '--enable-admission-plugins=NodeRestriction,OwnerReferencesPermissionEnforcement',
    `--client-ca-file=${CLUSTER_CA}`,
    `--tls-cert-file=${file('apiserver.crt')}`,
    `--tls-private-key-file=${file('apiserver.key')}`,
    `--kubelet-client-certificate=${file('apiserver-kubelet-client.crt')}`,
    `--kubelet-client-key=${file('apiserver-kubelet-client.key')}`,
    '--kubelet-preferred-address-types=InternalIP',
    `--service-account-issuer=https://kubernetes.default.svc.${SETTINGS.clusterDomain}`,
    `--service-account-key-file=${file('sa.pub')}`,
    `--service-account-signing-key-file=${file('sa.key')}`,
    `--service-cluster-ip-range=${joined(SETTINGS.serviceNetwork)}`,
    `--requestheader-client-ca-file=${file('front-proxy-ca.crt')}`,
    '--requestheader-allowed-names=front-proxy-client',
    '--requestheader-extra-headers-prefix=X-Remote-Extra-',
    '--requestheader-group-headers=X-Remote-Group',
    '--requestheader-username-headers=X-Remote-User',
    `--proxy-client-cert-file=${file('front-proxy-client.crt')}`,
    `--proxy-client-key-file=${file('front-proxy-client.key')}`,
    `--audit-log-path=${AUDIT_LOG}`,
    `--audit-policy-file=${join(import.meta.dirname, 'audit-policy.yaml')}`,
  ];
}

function controllerManagerFlags(): string[] {
  return [
    ...ownConfig('controller-manager'),
    `--root-ca-file=${CLUSTER_CA}`,
    `--service-account-private-key-file=${join(pki, 'sa.key')}`,
    '--use-service-account-credentials=true',
    `--cluster-signing-cert-file=${CLUSTER_CA}`,
    `--cluster-signing-key-file=${join(pki, 'ca.key')}`,
    // A lost node is detected after 8 s instead of 50.
    '--node-monitor-grace-period=8s',
    '--node-monitor-period=1s',
  ];
}

function ownConfig(name: string): string[] {
  const file = join(conf, `${name}.conf`);
  const flags = ['kubeconfig', 'authentication-kubeconfig', 'authorization-kubeconfig'];
  return [...flags.map((flag) => `--${flag}=${file}`), '--leader-elect=false', '--bind-address=127.0.0.1'];
}
