import { createHash } from 'node:crypto';
import type { AllowedNetwork, CaptureSpec } from '../schema/capture.ts';
import type { CapturedSource, CaptureOrder, CapturePush, PullSettings } from '../schema/capture-messages.ts';
import { parseDurationMs } from '../schema/duration.ts';
import type { StreamCaptureSpec } from '../schema/stream-capture.ts';
import { assetText } from './asset-text.ts';
import { Assets, type SecretSource, UnusableAsset } from './assets.ts';

export type CaptureInput = {
  readonly uid: string;
  /** The generation of the StreamCapture. */
  readonly generation: number;
  /** The annotation `sluice.dev/restart`; empty = none. */
  readonly restart: string;
  readonly epoch: number;
  readonly spec: StreamCaptureSpec;
  readonly appKey: string;
  readonly allow: readonly AllowedNetwork[];
  readonly source: CapturedSource;
};

/** Renders what a capture pod is told about one capture. Pure. */
export function renderCapture(input: CaptureInput): CaptureOrder {
  const { allow, appKey, epoch, generation, restart, source, spec, uid } = input;
  return {
    uid,
    generation: orderGeneration(generation, restart),
    epoch,
    appKey,
    name: spec.name,
    source,
    mode: spec.mode,
    startTimeoutMs: msOf(spec.onDemand.startTimeout),
    idleTimeoutMs: msOf(spec.onDemand.idleTimeout),
    audio: spec.audio,
    stallTimeoutMs: msOf(spec.stallTimeout),
    afterTermination: spec.afterTermination,
    allow: [...allow],
  };
}

const RESTARTS = 2 ** 20;

/**
 * One number for a generation of the spec and a value of the annotation. Kubernetes does not count annotations, but the
 * media servers must tell a capture that somebody wants again from one that was just ended.
 */
export function orderGeneration(generation: number, restart: string): number {
  const salt = restart === '' ? 0 : createHash('sha256').update(restart).digest().readUInt32BE() % RESTARTS;
  return generation * RESTARTS + salt;
}

/** The name of the Secret of a source; undefined = none. */
export function secretOf({ rtmp, rtsp, srt }: StreamCaptureSpec): string | undefined {
  return (rtsp?.credentialsRef ?? rtmp?.credentialsRef ?? srt?.passphraseRef)?.name;
}

/** The URL of a source. */
export const urlOf = ({ rtmp, rtsp, srt }: StreamCaptureSpec): string => (rtsp ?? rtmp ?? srt)?.url ?? '';

/** Reads the source with its credentials. Returns a text, which holds no credential, if they cannot be used. */
export function renderSource(
  { rtmp, rtsp, srt }: StreamCaptureSpec,
  secrets: ReadonlyMap<string, SecretSource>,
): CapturedSource | string {
  const assets = new Assets({ secrets, configMaps: new Map() });
  const read = (secret: string, key: string, faultOf: (text: string) => string | null): string =>
    assetText(assets.contents().get(assets.secretKey(secret, key, faultOf)));
  const login = (ref: { readonly name: string } | undefined) =>
    ref && { user: read(ref.name, 'username', loginFault), password: read(ref.name, 'password', loginFault) };
  try {
    if (rtsp) return { kind: 'rtsp', url: rtsp.url, transport: rtsp.transport, ...login(rtsp.credentialsRef) };
    if (rtmp) return { kind: 'rtmp', url: rtmp.url, transport: 'TCP', ...login(rtmp.credentialsRef) };
    const { passphraseRef, url = '' } = srt ?? {};
    const secret = passphraseRef && { passphrase: read(passphraseRef.name, 'passphrase', passphraseFault) };
    return { kind: 'srt', url, transport: 'UDP', ...secret };
  } catch (error) {
    if (error instanceof UnusableAsset) return error.message;
    throw error;
  }
}

/** A line break would add headers to a request of RTSP. */
const loginFault = (text: string): string | null =>
  /\p{Cc}/u.test(text) ? 'must not contain control characters' : null;

/** The limits of SRT itself. */
function passphraseFault(text: string): string | null {
  const bytes = Buffer.byteLength(text);
  return bytes >= 10 && bytes <= 79 ? loginFault(text) : 'must have 10 to 79 bytes';
}

/** What the REST API of WCS may capture; null = nothing. Pure. */
export function pullSettings(capture: CaptureSpec | null): PullSettings | null {
  if (!capture?.rest) return null;
  const { allow, capturesPerPod: most, restAppKey: appKey } = capture;
  return { appKey, allow: [...allow], most };
}

/** A push with its hash: the same content has the same hash, in any order. Pure. */
export function capturePush({ held, pulls, ...push }: Omit<CapturePush, 'hash'>): CapturePush {
  const mediaPods = push.mediaPods.toSorted((one, other) => (one.pod < other.pod ? -1 : 1));
  const captures = push.captures.toSorted((one, other) => (one.uid < other.uid ? -1 : 1));
  const byUid = held?.toSorted((one, other) => (one.uid < other.uid ? -1 : 1));
  const rest = { ...(pulls ? { pulls } : {}), ...(byUid ? { held: byUid } : {}) };
  const hash = createHash('sha256')
    .update(JSON.stringify([mediaPods, captures, rest]))
    .digest('hex')
    .slice(0, 16);
  return { hash, mediaPods, captures, ...rest };
}

const msOf = (duration: string): number => parseDurationMs(duration) ?? 0;
