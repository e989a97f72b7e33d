import { existsSync, readFileSync } from 'node:fs';
import { mkdir, readdir, rmdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { until } from '../harness/wait.ts';
import { SETTINGS } from './settings.ts';

const ROOT = '/sys/fs/cgroup';
/** cgroup v1 controllers that the kubelet uses for pods, if the machine has them. */
const CONTROLLERS = ['cpu', 'cpuacct', 'cpuset', 'memory', 'devices', 'freezer', 'blkio', 'pids', 'systemd'];

/** True for cgroup v2, which has one hierarchy; v1 has one per controller. */
export const isUnified = (): boolean => existsSync(join(ROOT, 'cgroup.controllers'));

/** The kubelet's `cgroupRoot` for a host. */
export const cgroupOf = (host: string): string => `${SETTINGS.prefix}-${host}`;

/** Creates the cgroups of a host. A kubelet needs its root to exist and cpuset (v1) to be filled. */
export async function makeCgroups(host: string): Promise<void> {
  if (isUnified()) {
    await mkdir(join(ROOT, cgroupOf(host)), { recursive: true });
    return;
  }
  for (const controller of CONTROLLERS.filter((name) => existsSync(join(ROOT, name)))) {
    const folder = join(ROOT, controller, cgroupOf(host));
    await mkdir(folder, { recursive: true });
    if (controller !== 'cpuset') continue;
    for (const file of ['cpuset.cpus', 'cpuset.mems']) {
      await writeFile(join(folder, file), readFileSync(join(ROOT, controller, file)));
    }
  }
}

/** Removes the cgroups of all hosts, whose processes must have ended. */
export const removeAllCgroups = (): Promise<void> => removeCgroups((name) => name.startsWith(`${SETTINGS.prefix}-`));

/** Removes the cgroups of one host. A kubelet waits three seconds for each cgroup that is left over. */
export const removeCgroupsOf = (host: string): Promise<void> => removeCgroups((name) => name === cgroupOf(host));

async function removeCgroups(isOurs: (name: string) => boolean): Promise<void> {
  const parents = isUnified() ? [ROOT] : (await readdir(ROOT)).map((name) => join(ROOT, name));
  for (const parent of parents) {
    const children = await readdir(parent, { withFileTypes: true }).catch(() => []);
    const ours = children.filter((entry) => entry.isDirectory() && isOurs(entry.name));
    for (const { name } of ours) await removeTree(join(parent, name));
  }
}

/** Removes a tree from the bottom up. A cgroup stays busy for a moment after its last process. */
async function removeTree(folder: string): Promise<void> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  for (const entry of entries.filter((each) => each.isDirectory())) await removeTree(join(folder, entry.name));
  await until(`${folder} is removed`, () => rmdir(folder).then(() => true, isGone), { timeoutMs: 5_000 });
}

const isGone = (error: NodeJS.ErrnoException): boolean => error.code === 'ENOENT';
