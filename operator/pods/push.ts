import type { PodClient } from './client.ts';
import type { Fleet, PodReport } from './fleets.ts';
import type { Pod } from './pod.ts';

type Pushed = Pick<Fleet, 'rendered' | 'reports'> & { readonly client: Pick<PodClient, 'push'> | null };

/** Pushes the rendered config in parallel to every running pod, draining ones included, that does not run it yet. */
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

type Told = Pick<Fleet, 'roster' | 'reports'> & { readonly client: Pick<PodClient, 'pushRoster'> | null };

/** Sends the roster in parallel to every running pod, draining ones included, that does not have it yet. */
export async function pushRoster(fleet: Told, pods: readonly Pod[]): Promise<void> {
  const { client, roster } = fleet;
  if (!client || !roster) return;
  await Promise.all(
    pods
      .filter((pod) => pod.isRunning && needsRoster(fleet.reports.get(pod.uid), roster.revision))
      .map(async (pod) => {
        fleet.reports.set(pod.uid, await report(client.pushRoster(pod, roster)));
      }),
  );
}

/**
 * A pod that has not been admitted is told again: it then knows that its roster is current, and its answer tells when
 * it is admitted. A pod that reports no fleet runs an image that has no roster.
 */
export function needsRoster(known: PodReport | undefined, revision: number): boolean {
  if (known?.kind !== 'answered') return true;
  const { fleet } = known.status;
  return fleet !== undefined && (fleet.revision < revision || !fleet.admitted);
}

type Cordoned = Pick<Fleet, 'cordoned' | 'reports'> & { readonly client: Pick<PodClient, 'cordon'> | null };

/** Tells each running pod whether it takes new streams, if it does otherwise. */
export async function pushCordons(fleet: Cordoned, pods: readonly Pod[]): Promise<void> {
  const { client, cordoned, reports } = fleet;
  if (!client) return;
  await Promise.all(
    pods
      .filter(
        ({ isDeleting, isRunning, uid }) =>
          isRunning && !isDeleting && isOtherwise(reports.get(uid), cordoned.has(uid)),
      )
      .map(async (pod) => {
        reports.set(pod.uid, await report(client.cordon(pod, { cordoned: cordoned.has(pod.uid) })));
      }),
  );
}

function isOtherwise(known: PodReport | undefined, isCordoned: boolean): boolean {
  if (known?.kind !== 'answered') return false;
  const { cordoned } = known.status;
  return cordoned !== undefined && cordoned !== isCordoned;
}

/** A pod that refused exactly this config is not sent it again. */
export function needsPush(known: PodReport | undefined, hash: string): boolean {
  if (known?.kind !== 'answered') return true;
  const { config } = known.status;
  return config.hash !== hash && config.refused?.hash !== hash;
}

/** Turns the outcome of a call into a report. Never throws. */
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
