import type { PodClient } from './client.ts';
import type { Fleet, PodReport } from './fleets.ts';
import type { Pod } from './pod.ts';

type Pushed = Pick<Fleet, 'rendered' | 'reports'> & { readonly client: Pick<PodClient, 'push'> | null };

/** Hands the rendered config to every running pod that does not run it yet, draining ones included, all at once. */
export async function pushConfig(fleet: Pushed, pods: readonly Pod[]): Promise<void> {
  const { client, rendered } = fleet;
  if (!client || !rendered) return;
  await Promise.all(
    pods
      .filter((pod) => pod.isRunning && needsPush(fleet.reports.get(pod.uid), rendered.hash))
      .map(async (pod) => {
        fleet.reports.set(pod.uid, await report(client.push(pod, rendered.push)));
      }),
  );
}

/** One that has refused this very config is not asked again: nothing about it has changed. */
export function needsPush(known: PodReport | undefined, hash: string): boolean {
  if (known?.kind !== 'answered') return true;
  const { config } = known.status;
  return config.hash !== hash && config.refused?.hash !== hash;
}

/** What became of a call, whether it succeeded or not. */
export async function report(call: Promise<Extract<PodReport, { kind: 'answered' }>['status']>): Promise<PodReport> {
  try {
    return { kind: 'answered', status: await call };
  } catch (error) {
    return { kind: 'failed', reason: reasonOf(error) };
  }
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.message || (error.cause instanceof Error ? error.cause.message : error.name);
}
