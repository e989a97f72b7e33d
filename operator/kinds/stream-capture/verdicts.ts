import type { Acceptance, AcceptedCapture } from '../../../crds/render/accept-capture.ts';
import type { CaptureState } from '../../../crds/schema/capture-messages.ts';
import {
  CAPTURING_REASONS,
  type CapturingReason,
  HELD_CAUSES,
  type HeldCause,
  TO_START_AGAIN,
} from '../../../crds/schema/capture-reasons.ts';
import { no, type Verdict, yes } from '../../kube/conditions.ts';
import type { Assignment } from '../../pods/assign.ts';
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

function capturing({ assignment, held, name, state }: CaptureInput, { mediaServer, spec }: AcceptedCapture): Verdict {
  if (spec.suspend) return not('Suspended', CAPTURING_REASONS.Suspended);
  if (held) return not(HELD_CAUSES[held.cause as HeldCause], heldText(held, name));
  if (!assignment) {
    const why = 'no capture pod is ready, or all have spec.capture.capturesPerPod captures';
    return not('NoCapturePod', `MediaServer "${mediaServer}": ${why}`);
  }
  if (!state) return not('Connecting', `pod ${assignment.pod} is asked to capture the stream`);
  const reason = state.reason as CapturingReason;
  const message = state.message === '' ? CAPTURING_REASONS[reason] : state.message;
  return reason === 'Connected' ? yes('Capturing', reason, message) : not(reason, message);
}

const not = (reason: CapturingReason, message: string): Verdict => no('Capturing', reason, message);

function heldText({ cause, info = '', time }: Held, name: string): string {
  const what = CAPTURING_REASONS[HELD_CAUSES[cause as HeldCause]];
  // No percent sign: kubectl takes one in a column for a verb of a format.
  const again = `kubectl annotate streamcapture ${name} ${RESTART}="$(date)" --overwrite`;
  return `${what}${info === '' ? '' : ` ("${info}")`} at ${time} and stays ended${TO_START_AGAIN}${again}`;
}
