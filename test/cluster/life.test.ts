import { copyFile, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type RunningProcess, startProcess } from '../harness/processes.ts';
import { until } from '../harness/wait.ts';
import { isUp } from './cluster.ts';
import { run } from './commands.ts';
import { inNamespaces, type MachineProcess, machineProcesses } from './host-processes.ts';
import { sluiceImages } from './images.ts';
import { node } from './node.ts';
import { SETTINGS } from './settings.ts';
import { TOUCHED } from './sysctls.ts';

/** Pid namespaces of all hosts seen so far. A process that remains in one was left behind. */
const namespaces = new Set<string>();

/** The first processes of hosts, those that entered a host from outside, and all others in the hosts' namespaces. */
async function hostProcesses(): Promise<MachineProcess[]> {
  const all = (await machineProcesses()).filter(({ namespace }) => namespace !== '');
  const own = all.find(({ pid }) => pid === process.pid);
  const first = all.filter(({ command }) => command.includes(`/host-init.sh\0${SETTINGS.folder}/`));
  for (const { namespace } of first) if (namespace !== own?.namespace) namespaces.add(namespace);
  const entering = all.filter(({ command }) => command.includes(`\0--wd=${SETTINGS.folder}/`));
  return [...new Set([...first, ...entering, ...inNamespaces(all, namespaces)])];
}

/** Everything on the machine that a cluster could change. */
async function machine(): Promise<Readonly<Record<string, unknown>>> {
  const sysctls = await Promise.all(TOUCHED.map((name) => readFile(`/proc/sys/${name}`, 'utf8').catch(() => '')));
  const mounts = (await readFile('/proc/self/mounts', 'utf8')).split('\n').map((line) => line.split(' ')[1]);
  const cgroups = await run('find', ['/sys/fs/cgroup', '-maxdepth', '2', '-type', 'd', '-name', `${SETTINGS.prefix}*`]);
  const links = JSON.parse(await run('ip', ['-j', 'link'])).map(({ ifname }: { ifname: string }) => ifname);
  return {
    processes: (await hostProcesses()).map(({ name, pid }) => `${name} ${pid}`),
    sysctls,
    mounts,
    cgroups,
    links,
    routes: await run('ip', ['route']),
    // The lifetime of routes from a router counts down.
    routes6: (await run('ip', ['-6', 'route'])).replace(/ expires \d+sec/g, ''),
    network: (await run('ip', ['netns', 'list'])).trim(),
    folder: await readdir(SETTINGS.folder).catch(() => null),
  };
}

const cluster = (...args: string[]): RunningProcess =>
  startProcess(process.execPath, ['test/cluster/main.ts', ...args]);

async function down(): Promise<void> {
  await hostProcesses();
  expect(await cluster('down').exited).toBe(0);
}

// These tests need root, and refuse to run if a cluster is already up.
describe.runIf((process.env['CLUSTER'] ?? 'embedded') === 'embedded')('a cluster that is taken down', () => {
  let before: Readonly<Record<string, unknown>>;

  beforeAll(async () => {
    if (await isUp()) throw new Error('a cluster that these tests did not start is up; run `make cluster-down` first');
    await down();
    before = await machine();
    // Otherwise the first start would build the images.
    await sluiceImages(() => undefined);
  }, 600_000);
  afterEach(down);

  /** Names what is not as before. */
  async function expectAsBefore(): Promise<void> {
    const now = await machine();
    const changed = Object.keys(now).filter((what) => !isDeepStrictEqual(now[what], before[what]));
    const values = changed.map(
      (what) => `${what}: ${JSON.stringify(now[what])}, before ${JSON.stringify(before[what])}`,
    );
    expect(changed, values.join('; ')).toEqual([]);
  }

  it('leaves nothing behind, and counts only its own processes, whatever others are called', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'sluice-decoy-'));
    await copyFile('/bin/sleep', join(folder, 'traefik'));
    const decoy = startProcess(join(folder, 'traefik'), ['600']);
    try {
      await expectAsBefore();
      expect(await cluster('up', '1').exited).toBe(0);
      const names = (await hostProcesses()).map(({ name }) => name);
      const programs = ['etcd', 'kube-apiserver', 'kube-controller', 'kube-scheduler', 'kubelet', 'kube-proxy'];
      const expected = [...programs, 'containerd', 'containerd-shim', 'coredns', 'traefik', 'host-init.sh', 'unshare'];
      expect(names).toEqual(expect.arrayContaining(expected));
      expect((await hostProcesses()).map(({ pid }) => pid)).not.toContain(decoy.child.pid);
      expect(await machine()).not.toEqual(before);
      await down();
      await expectAsBefore();
    } finally {
      decoy.child.kill();
      await decoy.exited;
      await rm(folder, { recursive: true });
    }
  });

  it('leaves nothing behind if one of its hosts is paused', async () => {
    expect(await cluster('up', '1').exited).toBe(0);
    await node(1).pause();
    await down();
    await expectAsBefore();
  });

  it.each([500, 2_000, 5_000, 9_000])('leaves nothing behind if its start was killed after %i ms', async (ms) => {
    const starting = cluster('up', '1');
    await new Promise((resolve) => setTimeout(resolve, ms));
    starting.child.kill('SIGKILL');
    await starting.exited;
    await down();
    await expectAsBefore();
  });

  it('is started again by up after an interrupted start', async () => {
    const starting = cluster('up', '1');
    await until('it has begun', () => starting.lines.some((line) => line.includes('starting Kubernetes')));
    await new Promise((resolve) => setTimeout(resolve, 3_000));
    starting.child.kill('SIGINT');
    await starting.exited;
    expect(await cluster('up', '1').exited).toBe(0);
  });

  it('is started and stopped by one process at a time, and one in another folder does not start', async () => {
    const starting = cluster('up', '1');
    await until('it has begun', () => starting.lines.some((line) => line.includes('starting Kubernetes')));
    for (const command of ['up', 'down']) {
      const other = cluster(command);
      expect(await other.exited).toBe(75);
      expect(other.lines).toEqual([
        'cluster: another process is starting or stopping the cluster; wait until it has finished',
      ]);
    }
    expect(await starting.exited).toBe(0);
    const elsewhere = startProcess(process.execPath, ['test/cluster/main.ts', 'up', '1'], {
      env: { SLUICE_CLUSTER: `${SETTINGS.folder}-other` },
    });
    expect(await elsewhere.exited).toBe(1);
    expect(elsewhere.lines.join()).toContain(`the bridge ${SETTINGS.bridge} already exists`);
    expect(await readdir(`${SETTINGS.folder}-other`).catch(() => null)).toBeNull();
    expect(await isUp()).toBe(true);
  });

  it('leaves nothing behind if one of its hosts was killed', async () => {
    expect(await cluster('up', '1').exited).toBe(0);
    const { first } = JSON.parse(await readFile(`${SETTINGS.folder}/node-1/host.json`, 'utf8'));
    process.kill(first.pid, 'SIGKILL');
    await down();
    await expectAsBefore();
  });

  it('does not restore kernel settings from before a reboot', async () => {
    await mkdir(SETTINGS.folder, { recursive: true });
    const saved = { boot: 'another', values: { 'kernel/keys/root_maxkeys': '1' } };
    await writeFile(`${SETTINGS.folder}/sysctls.json`, JSON.stringify(saved));
    await down();
    await expectAsBefore();
  });

  it('is taken down once; another down reports that there is none', async () => {
    const again = cluster('down');
    expect(await again.exited).toBe(0);
    expect(again.lines).toEqual(['cluster: no cluster found']);
  });
});
