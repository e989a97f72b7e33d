import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type RunningProcess, startProcess } from '../harness/processes.ts';
import { until } from '../harness/wait.ts';
import { isUp } from './cluster.ts';
import { run } from './commands.ts';
import { sluiceImage } from './images.ts';
import { SETTINGS } from './settings.ts';
import { TOUCHED } from './sysctls.ts';

/** By its line in proc_pid_stat(5). One that has ended (Z) and waits for its parent to hear of it is no trace. */
const PROGRAM = /^\d+ \((etcd|kube-|kubelet|containerd|coredns|traefik|host-init).*\) [^Z]/;

/** All of the machine that a cluster could leave a trace in. */
async function machine(): Promise<Readonly<Record<string, unknown>>> {
  const states = await Promise.all(
    (await readdir('/proc'))
      .filter((name) => /^\d+$/.test(name))
      .map((pid) => readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '')),
  );
  const sysctls = await Promise.all(TOUCHED.map((name) => readFile(`/proc/sys/${name}`, 'utf8').catch(() => '')));
  const mounts = (await readFile('/proc/self/mounts', 'utf8')).split('\n').map((line) => line.split(' ')[1]);
  const cgroups = await run('find', ['/sys/fs/cgroup', '-maxdepth', '2', '-type', 'd', '-name', `${SETTINGS.prefix}*`]);
  const links = JSON.parse(await run('ip', ['-j', 'link'])).map(({ ifname }: { ifname: string }) => ifname);
  return {
    processes: states.filter((state) => PROGRAM.test(state)),
    sysctls,
    mounts,
    cgroups,
    links,
    routes: await run('ip', ['route']),
    network: (await run('ip', ['netns', 'list'])).trim(),
    folder: await readdir(SETTINGS.folder).catch(() => null),
  };
}

const cluster = (...args: string[]): RunningProcess =>
  startProcess(process.execPath, ['test/cluster/main.ts', ...args]);

async function down(): Promise<void> {
  expect(await cluster('down').exited).toBe(0);
}

// It needs root and starts on nobody else's cluster.
describe.runIf((process.env['CLUSTER'] ?? 'embedded') === 'embedded')('a cluster that is taken down', () => {
  let before: Readonly<Record<string, unknown>>;

  beforeAll(async () => {
    if (await isUp()) throw new Error('a cluster is up that these tests did not start: `make cluster-down` first');
    await down();
    before = await machine();
    // Else the first start would make it.
    await sluiceImage(() => undefined);
  }, 600_000);
  afterEach(down);

  it('leaves nothing, and can be started again', async () => {
    for (let round = 0; round < 2; round++) {
      expect(await cluster('up', '1').exited).toBe(0);
      expect(await machine()).not.toEqual(before);
      await down();
      expect(await machine()).toEqual(before);
    }
  });

  it.each([500, 2_000, 5_000, 9_000])('leaves nothing when its start was killed after %i ms', async (ms) => {
    const starting = cluster('up', '1');
    await new Promise((resolve) => setTimeout(resolve, ms));
    starting.child.kill('SIGKILL');
    await starting.exited;
    await down();
    expect(await machine()).toEqual(before);
  });

  it('is started anew by up after a start that was interrupted', async () => {
    const starting = cluster('up', '1');
    await until('it has begun', () => starting.lines.some((line) => line.includes('starting Kubernetes')));
    await new Promise((resolve) => setTimeout(resolve, 3_000));
    starting.child.kill('SIGINT');
    await starting.exited;
    expect(await cluster('up', '1').exited).toBe(0);
  });

  it('is started and stopped by one process at a time', async () => {
    const starting = cluster('up', '1');
    await until('it has begun', () => starting.lines.some((line) => line.includes('starting Kubernetes')));
    for (const command of ['up', 'down']) {
      const other = cluster(command);
      expect(await other.exited).toBe(75);
      expect(other.lines).toEqual(['cluster: another process is starting or stopping the cluster: let it end first']);
    }
    expect(await starting.exited).toBe(0);
    expect(await isUp()).toBe(true);
  });

  it('leaves nothing when a host was ended under it', async () => {
    expect(await cluster('up', '1').exited).toBe(0);
    const { first } = JSON.parse(await readFile(`${SETTINGS.folder}/node-1/host.json`, 'utf8'));
    process.kill(first.pid, 'SIGKILL');
    await down();
    expect(await machine()).toEqual(before);
  });

  it('does not set the machine back to what it was before a reboot', async () => {
    await mkdir(SETTINGS.folder, { recursive: true });
    const saved = { boot: 'another', values: { 'kernel/keys/root_maxkeys': '1' } };
    await writeFile(`${SETTINGS.folder}/sysctls.json`, JSON.stringify(saved));
    await down();
    expect(await machine()).toEqual(before);
  });

  it('is not touched by one in another folder, which does not start', async () => {
    expect(await cluster('up', '1').exited).toBe(0);
    const other = startProcess(process.execPath, ['test/cluster/main.ts', 'up', '1'], {
      env: { SLUICE_CLUSTER: `${SETTINGS.folder}-other` },
    });
    expect(await other.exited).toBe(1);
    expect(other.lines.join()).toContain(`the bridge ${SETTINGS.bridge} is there already`);
    expect(await readdir(`${SETTINGS.folder}-other`).catch(() => null)).toBeNull();
    expect(await isUp()).toBe(true);
  });

  it('is not touched twice: down where there is none says so', async () => {
    const again = cluster('down');
    expect(await again.exited).toBe(0);
    expect(again.lines).toEqual(['cluster: there is no cluster']);
  });
});
