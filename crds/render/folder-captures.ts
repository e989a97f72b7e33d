import { createHash } from 'node:crypto';
import type { CaptureOrder, PullSettings } from '../schema/capture-messages.ts';
import type { MediaServerSpec } from '../schema/media-server.ts';
import type { StreamAppSpec } from '../schema/stream-app.ts';
import type { StreamCaptureSpec } from '../schema/stream-capture.ts';
import type { Resource } from '../validate/resource.ts';
import { acceptCapture, type RefusedCapture } from './accept-capture.ts';
import type { SecretSource } from './assets.ts';
import { pullSettings, renderCapture } from './capture-order.ts';

/** The resources of a folder, for a process without Kubernetes. */
export type FolderCapturesInput = {
  readonly mediaServer: Resource<MediaServerSpec>;
  readonly apps: readonly Resource<StreamAppSpec>[];
  readonly captures: readonly Resource<StreamCaptureSpec>[];
  readonly secrets: ReadonlyMap<string, SecretSource>;
};

export type FolderCaptures = {
  readonly orders: readonly CaptureOrder[];
  /** What the REST API may capture; null = nothing. */
  readonly pulls: PullSettings | null;
  readonly refused: readonly (Pick<RefusedCapture, 'reason' | 'message'> & { readonly name: string })[];
};

/** Renders the captures of a folder, as the operator would. One that is suspended has no order. Pure. */
export function folderCaptures(input: FolderCapturesInput): FolderCaptures {
  const judged = input.captures.map((capture) => ({ capture, ...outcomeOf(capture, input) }));
  return {
    orders: judged.flatMap(({ order }) => order ?? []),
    pulls: pullSettings(input.mediaServer.spec.capture ?? null),
    refused: judged.flatMap(({ capture, refused }) => (refused ? [{ name: capture.metadata.name, ...refused }] : [])),
  };
}

type Outcome = { readonly order?: CaptureOrder; readonly refused?: Pick<RefusedCapture, 'reason' | 'message'> };

function outcomeOf(capture: Resource<StreamCaptureSpec>, input: FolderCapturesInput): Outcome {
  const { captures, mediaServer, secrets } = input;
  const { appRef, suspend } = capture.spec;
  const own = input.apps.filter(({ spec }) => spec.mediaServerRef.name === mediaServer.metadata.name);
  const app = own.find(({ metadata }) => metadata.name === appRef.name);
  const acceptance = acceptCapture({
    capture,
    app: app ?? { fault: `StreamApp "${appRef.name}" not found` },
    mediaServer,
    captures,
    secrets,
  });
  if (acceptance.kind === 'refused') return { refused: { reason: acceptance.reason, message: acceptance.message } };
  if (suspend) return {};
  const { appKey, source, spec } = acceptance;
  const order = { uid: capture.metadata.name, restart: '', epoch: 1, spec, appKey, source };
  return { order: renderCapture({ ...order, allow: acceptance.capture.allow, generation: numberOf(spec) }) };
}

/** Differs for each spec, as a generation of Kubernetes does. */
const numberOf = (spec: StreamCaptureSpec): number =>
  createHash('sha256').update(JSON.stringify(spec)).digest().readUInt32BE();
