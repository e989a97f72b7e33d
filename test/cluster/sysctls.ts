import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { boot } from './own-process.ts';
import { SETTINGS } from './settings.ts';

/** Kernel settings that a kubelet changes for the whole machine. */
export const TOUCHED = [
  'vm/overcommit_memory',
  'vm/panic_on_oom',
  'kernel/panic',
  'kernel/panic_on_oops',
  'kernel/keys/root_maxkeys',
  'kernel/keys/root_maxbytes',
];
const SAVED = join(SETTINGS.folder, 'sysctls.json');

const read = async (name: string): Promise<string | null> =>
  readFile(join('/proc/sys', name), 'utf8').then(
    (value) => value.trim(),
    () => null,
  );

/** The values before the cluster started, valid only for this boot of the machine. */
type Saved = { readonly boot: string; readonly values: Readonly<Record<string, string | null>> };

/** Saves the values before the first kubelet starts. Values that an interrupted run has saved are kept. */
export async function saveSysctls(): Promise<void> {
  const values = await Promise.all(TOUCHED.map(async (name) => [name, await read(name)] as const));
  const text = JSON.stringify({ boot: boot(), values: Object.fromEntries(values) } satisfies Saved, null, 2);
  await writeFile(SAVED, text, { flag: 'wx' }).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw error;
  });
}

/** Restores the values after the last kubelet has ended. A reboot has already reset them. */
export async function restoreSysctls(): Promise<void> {
  const text = await readFile(SAVED, 'utf8').catch(() => null);
  if (text === null) return;
  const saved: Saved = JSON.parse(text);
  for (const [name, value] of saved.boot === boot() ? Object.entries(saved.values) : []) {
    if (value !== null && (await read(name)) !== value) await writeFile(join('/proc/sys', name), value);
  }
  await rm(SAVED, { force: true });
}
