import { describe, expect, it } from 'vitest';
import type { RenderFinding } from '../../../crds/render/server-config.ts';
import type { PodApp } from '../../../crds/schema/internal.ts';
import { podApp, podStatus, renderedOf, runningPod } from '../../../test/builders/fleet-parts.ts';
import { streamApp } from '../../../test/builders/sluice-objects.ts';
import { no, unknown, type Verdict, yes } from '../../kube/conditions.ts';
import { Fleet } from '../../pods/fleets.ts';
import { heldUpVerdicts, type StreamAppInput, streamAppVerdicts } from './verdicts.ts';

const HASH = 'new';
const ACTIVE: PodApp['keepAlive'] = { checked: true };

type Given = {
  readonly findings?: readonly RenderFinding[];
  /** The apps that each pod reports; a pod that runs another config has another hash. */
  readonly pods?: readonly { readonly hash?: string; readonly apps: PodApp[] }[];
};

function inputOf({ findings = [], pods = [{ apps: [podApp('news', ACTIVE)] }] }: Given = {}): StreamAppInput {
  const fleet = new Fleet();
  fleet.rendered = renderedOf(HASH, { findings });
  pods.forEach(({ apps, hash = HASH }, index) => {
    fleet.reports.set(String(index), { kind: 'answered', status: podStatus({ hash, apps }) });
  });
  const { spec } = streamApp('news');
  return { name: 'news', spec, fleet, pods: pods.map((_, index) => runningPod(String(index))) };
}

const verdict = (type: string, input: StreamAppInput): Verdict | undefined =>
  streamAppVerdicts(input).find((each) => each.type === type);

const finding = (over: Partial<RenderFinding>): RenderFinding => ({
  kind: 'StreamApp',
  name: 'news',
  reason: 'RefNotFound',
  message: 'RestHook "gone" does not exist',
  ...over,
});
const CONFLICT = finding({ reason: 'Conflict', message: 'StreamApp "old" already has the appKey "news"' });

describe('streamAppVerdicts', () => {
  it('reports a healthy app that runs on every pod and is checked', () => {
    expect(streamAppVerdicts(inputOf())).toEqual([
      yes('Accepted', 'Accepted', 'MediaServer "live" serves this app'),
      yes('ResolvedRefs', 'ResolvedRefs', 'all references are resolved'),
      yes('Programmed', 'Programmed', '1 pod runs this app'),
      yes('KeepAliveActive', 'Active', 'the backend is asked about every stream'),
      yes('Ready', 'Ready', 'everything is as specified'),
    ]);
  });

  it('reports that another app has the same key', () => {
    expect(streamAppVerdicts(inputOf({ findings: [CONFLICT] }))).toEqual([
      no('Accepted', 'Conflict', CONFLICT.message),
      yes('ResolvedRefs', 'ResolvedRefs', 'all references are resolved'),
      no('Programmed', 'Conflict', CONFLICT.message),
      no('KeepAliveActive', 'Conflict', CONFLICT.message),
      no('Ready', 'Conflict', CONFLICT.message),
    ]);
  });

  it('reports a missing reference while pods keep checking its live streams', () => {
    expect(streamAppVerdicts(inputOf({ findings: [finding({})] }))).toEqual([
      yes('Accepted', 'Accepted', 'MediaServer "live" serves this app'),
      no('ResolvedRefs', 'RefNotFound', 'RestHook "gone" does not exist'),
      no('Programmed', 'RefNotFound', 'RestHook "gone" does not exist'),
      yes('KeepAliveActive', 'Active', 'the backend is asked about every stream'),
      no('Ready', 'RefNotFound', 'RestHook "gone" does not exist'),
    ]);
  });

  it('reports a RestHook that exists but is not valid', () => {
    const message = 'RestHook "backend" is not valid: spec.url: must be a URL';
    expect(streamAppVerdicts(inputOf({ findings: [finding({ reason: 'InvalidReference', message })] }))).toContainEqual(
      no('ResolvedRefs', 'InvalidReference', message),
    );
  });

  it('reports a missing MediaServer', () => {
    const message = 'MediaServer "live" not found in this namespace';
    expect(streamAppVerdicts({ ...inputOf(), fleet: undefined, pods: [] })).toEqual([
      unknown('Accepted', 'MediaServerNotFound', message),
      no('ResolvedRefs', 'MediaServerNotFound', message),
      no('Programmed', 'MediaServerNotFound', message),
      unknown('KeepAliveActive', 'NoPods', 'no pod that runs this app has reported yet'),
      no('Ready', 'MediaServerNotFound', message),
    ]);
  });

  it.each<[string, Partial<RenderFinding>]>([
    ['another app', { name: 'sport' }],
    ['a RestHook of the same name', { kind: 'RestHook' }],
  ])('ignores the findings of %s', (_what, over) => {
    expect(streamAppVerdicts(inputOf({ findings: [finding(over)] }))).toEqual(streamAppVerdicts(inputOf()));
  });

  const runs = { apps: [podApp('news', ACTIVE)] };
  it.each<[string, StreamAppInput, Verdict]>([
    ['every pod runs it', inputOf({ pods: [runs, runs] }), yes('Programmed', 'Programmed', '2 pods run this app')],
    [
      'a pod runs an older config',
      inputOf({ pods: [runs, { ...runs, hash: 'old' }] }),
      no('Programmed', 'Pending', '1 of 2 running pods run this config'),
    ],
    ['no pod runs', inputOf({ pods: [] }), no('Programmed', 'NoPods', 'no pod is running')],
    [
      'nothing has been rendered',
      { ...inputOf(), fleet: new Fleet() },
      no('Programmed', 'Pending', 'the config has not been rendered yet'),
    ],
  ])('sets Programmed when %s', (_what, input, expected) => {
    expect(verdict('Programmed', input)).toEqual(expected);
  });

  const told = (keepAlive: PodApp['keepAlive']) => inputOf({ pods: [{ apps: [podApp('news', keepAlive)] }] });
  it.each<[string, string]>([
    ['ServerDisabled', 'spec.keepAlive.enabled of the MediaServer is false'],
    ['AppKeyNotListed', 'spec.keepAlive.appKeys of the MediaServer does not list this appKey'],
    ['AppDisabled', 'spec.keepAlive.enabled of this StreamApp is false'],
    ['NoHook', 'this StreamApp has no restHookRef'],
    ['MethodNotListed', 'the RestHook does not list StreamKeepAliveEvent'],
    ['PolicyDisable', 'the RestHook sets restPolicy DISABLE for StreamKeepAliveEvent'],
  ])('reports that keep-alive is off for %s, and which setting decides', (reason, message) => {
    expect(verdict('KeepAliveActive', told({ checked: false, reason }))).toEqual(
      no('KeepAliveActive', reason, message),
    );
  });

  it.each<[string, StreamAppInput, Verdict]>([
    [
      'a refusal would only be logged',
      told({ checked: true, warning: 'RefusalOnlyLogged' }),
      yes('KeepAliveActive', 'RefusalOnlyLogged', 'restOnError is LOG: a 403 to StreamKeepAliveEvent ends nothing'),
    ],
    [
      'a newer pod has a reason of its own',
      told({ checked: false, reason: 'Moonlight' }),
      no('KeepAliveActive', 'Moonlight', 'streams are not checked'),
    ],
    ['a pod gives no reason', told({ checked: false }), no('KeepAliveActive', 'NotChecked', 'streams are not checked')],
    [
      'no pod has reported',
      inputOf({ pods: [] }),
      unknown('KeepAliveActive', 'NoPods', 'no pod that runs this app has reported yet'),
    ],
    [
      'pods have reported other apps only',
      inputOf({ pods: [{ apps: [podApp('sport', ACTIVE)] }] }),
      unknown('KeepAliveActive', 'NoPods', 'no pod that runs this app has reported yet'),
    ],
    [
      'a pod still runs an older config, in which it is off',
      inputOf({
        pods: [
          { hash: 'old', apps: [podApp('news', { checked: false, reason: 'ServerDisabled' })] },
          { apps: [podApp('news', ACTIVE)] },
        ],
      }),
      yes('KeepAliveActive', 'Active', 'the backend is asked about every stream'),
    ],
    [
      'all pods run an older config',
      inputOf({ pods: [{ hash: 'old', apps: [podApp('news', { checked: false, reason: 'ServerDisabled' })] }] }),
      no('KeepAliveActive', 'ServerDisabled', 'spec.keepAlive.enabled of the MediaServer is false'),
    ],
  ])('sets KeepAliveActive when %s', (_what, input, expected) => {
    expect(verdict('KeepAliveActive', input)).toEqual(expected);
  });
});

describe('heldUpVerdicts', () => {
  it('report what must be fixed, and that the app does not run until then', () => {
    const fault = { reason: 'InvalidReference', message: 'spec.rest.authRef: Secret "api" does not exist' };
    const message = `MediaServer "live" takes no changes until this is fixed: ${fault.message}`;
    expect(heldUpVerdicts('live', fault)).toEqual([
      unknown('Accepted', 'InvalidReference', message),
      no('Programmed', 'InvalidReference', message),
      no('Ready', 'InvalidReference', message),
    ]);
  });
});
