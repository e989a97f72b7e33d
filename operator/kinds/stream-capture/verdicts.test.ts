import { describe, expect, it } from 'vitest';
import type { Acceptance } from '../../../crds/render/accept-capture.ts';
import type { CaptureState } from '../../../crds/schema/capture-messages.ts';
import { CAPTURING_REASONS } from '../../../crds/schema/capture-reasons.ts';
import { captureSpec, captureState } from '../../../test/builders/captures.ts';
import { parentOf } from '../../../test/builders/sluice-objects.ts';
import { no, yes } from '../../kube/conditions.ts';
import type { Pod } from '../../pods/pod.ts';
import { type CaptureInput, captureVerdicts } from './verdicts.ts';

const accepted = (spec: Readonly<Record<string, unknown>> = {}, capture: object = {}): Acceptance => ({
  kind: 'accepted',
  spec: captureSpec(spec),
  mediaServer: 'live',
  appKey: 'defaultApp',
  capture:
    parentOf({ capture: { allow: [{ cidr: '10.20.0.0/16' }], ...capture } }).spec.capture ?? expect.unreachable(),
  source: { kind: 'rtsp', url: 'rtsp://10.20.0.7/main', transport: 'TCP' },
});

const verdicts = (over: Partial<CaptureInput> = {}) =>
  captureVerdicts({
    name: 'gate',
    acceptance: accepted(),
    held: null,
    assignment: { pod: 'live-capture-a', podUid: 'a', epoch: 1 },
    state: captureState('uid-gate'),
    pods: [],
    last: null,
    ...over,
  });

const words = (over: Partial<CaptureInput>): string[] =>
  verdicts(over).map(({ reason, status, type }) => `${type}=${status}/${reason}`);

const held = (cause: string) => ({
  cause,
  info: 'Terminated by keep-alive',
  generation: 1,
  time: '2026-01-01T00:00:00Z',
});

describe('captureVerdicts', () => {
  it('reports a stream that is captured', () => {
    expect(verdicts()).toEqual([
      yes('Accepted', 'Accepted', 'MediaServer "live" captures this stream'),
      yes('Capturing', 'Connected', 'the stream of the source is published'),
      yes('Ready', 'Ready', 'everything is as specified'),
    ]);
  });

  it('reports why a capture is not accepted, in every condition', () => {
    const acceptance = { kind: 'refused', reason: 'Conflict', message: 'StreamCapture "old" has it' } as const;
    expect(verdicts({ acceptance })).toEqual([
      no('Accepted', 'Conflict', 'StreamCapture "old" has it'),
      no('Capturing', 'Conflict', 'StreamCapture "old" has it'),
      no('Ready', 'Conflict', 'StreamCapture "old" has it'),
    ]);
  });

  it('says what ended a stream that stays ended, and how to start it again', () => {
    const [, capturing] = verdicts({ held: held('keepalive') });
    expect(capturing).toEqual(
      no(
        'Capturing',
        'TerminatedByKeepAlive',
        'the backend answered 403 to a keep-alive ("Terminated by keep-alive") at 2026-01-01T00:00:00Z and stays ended; ' +
          'to start it again: kubectl annotate streamcapture gate sluice.dev/restart="$(date)" --overwrite',
      ),
    );
  });

  it.each<[string, Partial<CaptureInput>, string, string]>([
    ['suspended', { acceptance: accepted({ suspend: true }) }, 'Capturing=False/Suspended', 'Ready=True/Ready'],
    [
      'suspended and held',
      { acceptance: accepted({ suspend: true }), held: held('rest') },
      'Capturing=False/Suspended',
      'Ready=True/Ready',
    ],
    ['held by REST', { held: held('rest') }, 'Capturing=False/TerminatedByRest', 'Ready=False/TerminatedByRest'],
    [
      'held by a StreamTermination',
      { held: held('resource') },
      'Capturing=False/TerminatedByResource',
      'Ready=False/TerminatedByResource',
    ],
    ['held by a limit', { held: held('limit') }, 'Capturing=False/LimitReached', 'Ready=False/LimitReached'],
    ['held by a refusal', { held: held('refused') }, 'Capturing=False/Refused', 'Ready=False/Refused'],
    ['without a pod', { assignment: null }, 'Capturing=False/NoCapturePod', 'Ready=False/NoCapturePod'],
    ['not heard of yet', { state: undefined }, 'Capturing=False/Connecting', 'Ready=False/Connecting'],
    ['idle', { state: captureState('uid-gate', { reason: 'Idle' }) }, 'Capturing=False/Idle', 'Ready=True/Ready'],
  ])('reports a capture that is %s', (_what, over, capturing, ready) => {
    expect(words(over)).toEqual(['Accepted=True/Accepted', capturing, ready]);
  });

  const pod = (over: Partial<Pod>): Pod => ({ name: 'live-capture-a', isReady: false, trouble: null, ...over }) as Pod;
  const none = { assignment: null, state: undefined };
  it.each<[string, Partial<CaptureInput>, string]>([
    ['no pod is wanted', { acceptance: accepted({}, { replicas: 0 }) }, 'spec.capture.replicas is 0'],
    ['no pod exists yet', {}, 'no capture pod is ready yet'],
    ['one is starting', { pods: [pod({})] }, 'no capture pod is ready yet'],
    [
      'one does not start',
      { pods: [pod({ trouble: { reason: 'ImagePullBackOff', message: 'not found' } })] },
      'no capture pod is ready: live-capture-a: ImagePullBackOff: not found',
    ],
    [
      'all are full, or one is ready just now',
      { pods: [pod({ isReady: true })], acceptance: accepted({}, { capturesPerPod: 7 }) },
      'no capture pod has taken it yet; each takes at most 7 captures (spec.capture.capturesPerPod)',
    ],
  ])('says why there is no pod: %s', (_what, over, why) => {
    expect(verdicts({ ...none, ...over })[1]).toEqual(no('Capturing', 'NoCapturePod', `MediaServer "live": ${why}`));
  });

  it('keeps what is known until the pod is asked', () => {
    const last = yes('Capturing', 'Connected', 'the stream of the source is published');
    expect(verdicts({ state: undefined, last })[1]).toEqual(last);
    const state = captureState('uid-gate', { reason: 'Stalled', message: '' });
    expect(verdicts({ state, last })[1]).toMatchObject({ status: 'False', reason: 'Stalled' });
  });

  it('says that an ended stream comes back', () => {
    const state = captureState('uid-gate', { reason: 'TerminatedByRest', message: 'Stopped by rest /terminate' });
    const message = 'Stopped by rest /terminate; the stream comes back after one to two minutes';
    const acceptance = accepted({ afterTermination: 'Restart' });
    expect(verdicts({ acceptance, state })[1]).toEqual(no('Capturing', 'TerminatedByRest', message));
  });

  const ref = { name: 'cam' };
  it.each<[string, object, CaptureState['reason'], string, string]>([
    ['a path', {}, 'NotFound', '404', 'the source does not know the path: 404'],
    ['a message of our own', {}, 'BFrames', 'turn them off', 'turn them off'],
    [
      'a camera that wants a password',
      {},
      'Unauthorized',
      'Unauthorized (401)',
      'the source refuses the credentials: Unauthorized (401); set spec.rtsp.credentialsRef',
    ],
    [
      'a wrong password',
      { rtsp: { url: 'rtsp://10.20.0.7/main', credentialsRef: ref } },
      'Unauthorized',
      '',
      'the source refuses the credentials; correct the Secret "cam" of spec.rtsp.credentialsRef',
    ],
    [
      'a wrong passphrase',
      { rtsp: undefined, srt: { url: 'srt://10.20.0.9:9000', passphraseRef: ref } },
      'Unauthorized',
      '',
      'the source refuses the credentials; correct the Secret "cam" of spec.srt.passphraseRef',
    ],
    [
      'an RTMP server that wants a password',
      { rtsp: undefined, rtmp: { url: 'rtmp://10.20.0.8/live/gate' } },
      'Unauthorized',
      '',
      'the source refuses the credentials; set spec.rtmp.credentialsRef',
    ],
  ])('says what a source means: %s', (_what, spec, reason, said, message) => {
    const state = captureState('uid-gate', { reason, message: said });
    expect(verdicts({ acceptance: accepted({ ...spec }), state })[1]?.message).toBe(message);
  });

  it.each(Object.keys(CAPTURING_REASONS))('passes on that a pod says %s, with its message or ours', (reason) => {
    const say = (message: string) =>
      verdicts({ state: captureState('uid-gate', { reason, message } as CaptureState) })[1];
    const status = reason === 'Connected' ? 'True' : 'False';
    expect(say('camera says no')).toMatchObject({ status, reason });
    expect(say('camera says no')?.message).toContain('camera says no');
    expect(say('')?.message).toContain(CAPTURING_REASONS[reason as keyof typeof CAPTURING_REASONS]);
  });
});
