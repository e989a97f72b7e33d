import type { Acceptance, AcceptedCapture } from '../../../crds/render/accept-capture.ts';
import type { CaptureSpec } from '../../../crds/schema/capture.ts';
import type { CaptureState } from '../../../crds/schema/capture-messages.ts';
import {
  CAPTURING_REASONS,
  type CapturingReason,
  HELD_CAUSES,
  type HeldCause,
  TO_START_AGAIN,
} from '../../../crds/schema/capture-reasons.ts';
import type { StreamCaptureSpec } from '../../../crds/schema/stream-capture.ts';
import { no, type Verdict, yes } from '../../kube/conditions.ts';
import type { Assignment } from '../../pods/assign.ts';
import type { Pod } from '../../pods/pod.ts';
import { type ReadyRules, ready } from '../ready.ts';
import { type Held, RESTART } from './held.ts';

export type CaptureInput = {
  readonly name: string;
  readonly acceptance: Acceptance;
  readonly held: Held | null;
  /** The assignment to a pod that exists; null = none. */
  readonly assignment: Assignment | null;
  /** What the pod says; undefined = nothing yet. */
  readonly state: CaptureState | undefined;
  /** The capture pods of the MediaServer. */
  readonly pods: readonly Pod[];
  /** What the status says of a pod that was not asked since the operator started; null = nothing that still stands. */
  readonly last: Verdict | null;
};

/** A capture that waits for its first player, or that somebody has suspended, is as it should be. */
const READY: ReadyRules = { mustBeTrue: ['Accepted', 'Capturing'], accepts: ['Idle', 'Suspended'] };

/** The conditions of a StreamCapture. Pure. */
export function captureVerdicts(input: CaptureInput): Verdict[] {
  const verdicts = judged(input);
  return [...verdicts, ready(verdicts, READY)];
}

function judged(input: CaptureInput): Verdict[] {
  const { acceptance } = input;
  if (acceptance.kind === 'refused') {
    const { message, reason } = acceptance;
    return [no('Accepted', reason, message), no('Capturing', reason, message)];
  }
  const accepted = yes('Accepted', 'Accepted', `MediaServer "${acceptance.mediaServer}" captures this stream`);
  return [accepted, capturing(input, acceptance)];
}

function capturing(input: CaptureInput, { capture, mediaServer, spec }: AcceptedCapture): Verdict {
  const { assignment, held, last, name, pods, state } = input;
  if (spec.suspend) return not('Suspended', CAPTURING_REASONS.Suspended);
  if (held) return not(HELD_CAUSES[held.cause as HeldCause], heldText(held, name));
  if (!assignment) return not('NoCapturePod', `MediaServer "${mediaServer}": ${noPodText(capture, pods)}`);
  if (!state) return last ?? not('Connecting', `pod ${assignment.pod} is asked to capture the stream`);
  const reason = state.reason as CapturingReason;
  const comesBack = spec.afterTermination === 'Restart' && Object.values<string>(HELD_CAUSES).includes(reason);
  const more = comesBack ? '; the stream comes back after one to two minutes' : adviceOf(reason, spec);
  const message = `${sentenceOf(reason, state.message)}${more}`;
  return reason === 'Connected' ? yes('Capturing', reason, message) : not(reason, message);
}

/** Words of a source are often those of a library: ours come first. */
function sentenceOf(reason: CapturingReason, said: string): string {
  if (said === '') return CAPTURING_REASONS[reason];
  return OF_SOURCES.has(reason) ? `${CAPTURING_REASONS[reason]}: ${said}` : said;
}

const OF_SOURCES: ReadonlySet<CapturingReason> = new Set([
  'Unauthorized',
  'NotFound',
  'Unreachable',
  'NoMedia',
  'UnsupportedCodec',
]);

function adviceOf(reason: CapturingReason, { rtmp, rtsp, srt }: StreamCaptureSpec): string {
  if (reason !== 'Unauthorized') return '';
  const [field, reference] = srt
    ? ['spec.srt.passphraseRef', srt.passphraseRef]
    : [rtsp ? 'spec.rtsp.credentialsRef' : 'spec.rtmp.credentialsRef', (rtsp ?? rtmp)?.credentialsRef];
  return reference ? `; correct the Secret "${reference.name}" of ${field}` : `; set ${field}`;
}

const not = (reason: CapturingReason, message: string): Verdict => no('Capturing', reason, message);

/** Why a capture was given to no pod. */
function noPodText({ capturesPerPod, replicas }: CaptureSpec, pods: readonly Pod[]): string {
  if (replicas === 0) return 'spec.capture.replicas is 0';
  // One that has just become ready is given it in a moment.
  if (pods.some(({ isReady }) => isReady)) {
    return `no capture pod has taken it yet; each takes at most ${capturesPerPod} captures (spec.capture.capturesPerPod)`;
  }
  const found = pods.find(({ trouble }) => trouble !== null);
  if (!found?.trouble) return 'no capture pod is ready yet';
  const { message, reason } = found.trouble;
  return `no capture pod is ready: ${found.name}: ${reason}${message === '' ? '' : `: ${message}`}`;
}

function heldText({ cause, info = '', time }: Held, name: string): string {
  const what = CAPTURING_REASONS[HELD_CAUSES[cause as HeldCause]];
  // No percent sign: kubectl takes one in a column for a verb of a format.
  const again = `kubectl annotate streamcapture ${name} ${RESTART}="$(date)" --overwrite`;
  return `${what}${info === '' ? '' : ` ("${info}")`} at ${time} and stays ended${TO_START_AGAIN}${again}`;
}
