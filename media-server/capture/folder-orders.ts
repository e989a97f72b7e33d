import { createHash } from 'node:crypto';
import { acceptCapture, type RefusedCapture } from '../../crds/render/accept-capture.ts';
import { renderCapture } from '../../crds/render/capture-order.ts';
import type { CaptureOrder } from '../../crds/schema/capture-messages.ts';
import { readFolder } from '../config/documents.ts';
import { readResources } from '../config/resources.ts';

export type FolderOrders = {
  readonly orders: readonly CaptureOrder[];
  /** Captures that are left out, for the log. */
  readonly refused: readonly (RefusedCapture & { readonly name: string })[];
};

const GENERATIONS = 2 ** 20;

/**
 * Reads the StreamCaptures of a folder as the operator would from the API. Its objects have no uid and no generation: the
 * name stands for the first, a hash of the spec for the second. Throws `ConfigError`.
 */
export async function readFolderOrders(folder: string, name: string | null, epoch: number): Promise<FolderOrders> {
  const { apps, captures, mediaServer, secrets } = readResources(await readFolder(folder), name, folder);
  const orders: CaptureOrder[] = [];
  const refused: (RefusedCapture & { name: string })[] = [];
  for (const capture of captures) {
    const { appRef, suspend } = capture.spec;
    const app = apps.find(({ metadata }) => metadata.name === appRef.name) ?? {
      fault: `StreamApp "${appRef.name}" not found`,
    };
    const accepted = acceptCapture({ capture, app, mediaServer, captures, secrets });
    if (accepted.kind === 'refused') refused.push({ ...accepted, name: capture.metadata.name });
    else if (!suspend) {
      const { spec, appKey, source } = accepted;
      const { annotations = {}, name: uid } = capture.metadata;
      const restart = annotations['sluice.dev/restart'] ?? '';
      const generation = generationOf(spec);
      const { allow } = accepted.capture;
      orders.push(renderCapture({ uid, generation, restart, epoch, spec, appKey, allow, source }));
    }
  }
  return { orders, refused };
}

const generationOf = (spec: object): number =>
  createHash('sha256').update(JSON.stringify(spec)).digest().readUInt32BE() % GENERATIONS;
