const TREE = 'https://github.com/sluice-dev/sluice/blob/main/';

/** What to do about a finding, and the section of the docs that says more. */
export type Advice = { readonly fix: string; readonly link: string | null };

/** The URL of a page or of a section of the docs. */
export const linkTo = (section: string): string => `${TREE}${section}`;

type Row = readonly [reason: RegExp, fix: string, section?: string];

const KEEP_ALIVE = 'docs/keep-alive.md#which-streams-are-checked';
const PAGE = 'docs/troubleshooting.md#';

/** The first row whose reason matches counts. A test checks that each section exists. */
const ROWS: readonly Row[] = [
  [/^EmptyFilterRefused$/, 'Use a filter instead of all: true, or change rest.emptyFilter.'],
  [
    /^MediaServerNotFound$/,
    'Correct the name in mediaServerRef, or create the MediaServer in this namespace.',
    `${PAGE}the-app-names-a-mediaserver-that-does-not-exist`,
  ],
  [
    /^PipeFailed$/,
    'Open the UDP ports of media.pipePorts between the pods, or allow more of them.',
    `${PAGE}the-pods-are-not-one-fleet`,
  ],
  [/^TimedOut$/, 'Create the StreamTermination again under another name.', `${PAGE}the-pods-are-not-one-fleet`],
  [/^Conflict$/, 'Change the appKey of one StreamApp, or delete one of them.', `${PAGE}two-apps-have-one-key`],
  [
    /^InvalidReference$/,
    'Create the object that the message names, or correct the reference.',
    `${PAGE}the-secret-of-the-rest-api-does-not-exist`,
  ],
  [/^InvalidSpec$/, 'Correct the field that the message names.', `${PAGE}a-value-can-never-work`],
  [
    /^Failing$/,
    'Correct the URL of the RestHook, or repair the backend. Streams continue meanwhile.',
    `${PAGE}the-backend-does-not-answer`,
  ],
  [
    /^ChecksWait$/,
    'Increase maxConnections or the interval, or make the backend faster.',
    'docs/keep-alive.md#the-arithmetic',
  ],
  [
    /^(ErrImagePull|ImagePullBackOff|InvalidImageName)$/,
    'Correct spec.image, or give the nodes access to the registry.',
    `${PAGE}the-image-cannot-be-pulled`,
  ],
  [/^Unschedulable$/, 'Lower resources.requests, or add nodes.', `${PAGE}no-node-has-room`],
  [
    /^FailedCreate$/,
    'Use another media.exposure, allow the pods in the namespace, or raise its quota.',
    `${PAGE}the-namespace-does-not-allow-the-pods`,
  ],
  [
    /Unavailable$/,
    'Install the CRD that the message names, or remove the field.',
    `${PAGE}the-cluster-does-not-have-a-kind`,
  ],
  [/^Refused$/, 'Correct the field that the message names.', `${PAGE}the-pods-refuse-the-config`],
  [
    /^(CrashLoopBackOff|Error|RunContainerError)$/,
    'Correct what the message names, then delete the pod to start it at once.',
    `${PAGE}a-pod-cannot-start-with-the-config`,
  ],
  [
    /^[A-Z][A-Za-z]+Refused$/,
    'Correct the field that the message names.',
    `${PAGE}the-api-server-refuses-what-the-operator-creates`,
  ],
  [/^IngressHostTaken$/, 'Give each MediaServer a host of its own.', `${PAGE}requests-reach-the-wrong-media-server`],
  [
    /^NameTaken$/,
    'Rename the MediaServer, or delete the object that the message names.',
    'docs/kubernetes.md#what-the-operator-creates',
  ],
  [/^NodesForbidden$/, 'Set rbac.readNodes in the values of the chart.', 'docs/kubernetes.md#permissions'],
  [
    /^NodeAddressMissing$/,
    'Give the node an external address, or set media.announcedAddress.',
    'docs/kubernetes.md#reaching-the-media-port',
  ],
  [
    /^(PodUnreachable|MemberUnreachable)$/,
    'Allow traffic to internal.port between the operator and all pods, or delete the pod.',
    'docs/kubernetes.md#several-pods',
  ],
  [
    /^ImageTooOld$/,
    'Let all pods run one version: remove spec.image, or set a newer one.',
    'docs/kubernetes.md#several-pods',
  ],
  [
    /^PodNotReady$/,
    'Check the node that the message names. Kubernetes replaces pods of a failed node.',
    'docs/kubernetes.md#4-change-the-configuration',
  ],
  [/^NoReadyPods$/, 'See the other problems of this MediaServer. Else look at its pods with kubectl describe.'],
  [/^ConfigTooLarge$/, 'Remove StreamApps or RestHooks, or split them over several MediaServers.'],
  [/^(ConfigNotWritten|RosterNotWritten)$/, 'Correct what the message names. The operator retries every few seconds.'],
  [
    /^OldDrainTimeout$/,
    'kubectl rollout restart applies it to all pods.',
    'docs/kubernetes.md#4-change-the-configuration',
  ],
  [
    /^AppKeyNotListed$/,
    'List the appKey in spec.keepAlive.appKeys, or leave that list empty.',
    `${PAGE}streams-are-not-checked-the-mediaserver-does-not-list-the-app`,
  ],
  [/^NoHook$/, 'Set restHookRef if a backend is to check the streams.', KEEP_ALIVE],
  [/^MethodNotListed$/, 'Add StreamKeepAliveEvent to methods of the RestHook.', KEEP_ALIVE],
  [/^PolicyDisable$/, 'Set restPolicy of StreamKeepAliveEvent to NOTIFY.', KEEP_ALIVE],
  [/^RefusalOnlyLogged$/, 'Set restOnError of StreamKeepAliveEvent to FAIL.', `${PAGE}a-403-ends-nothing`],
  [/^PodsUnreachable$/, 'Create the StreamTermination again when all pods answer.', 'docs/kubernetes.md#several-pods'],
  [
    /^NotObserved$/,
    'Check that the operator runs and watches this namespace.',
    `${PAGE}the-operator-leaves-a-mediaserver-alone`,
  ],
];

const HOOK_KEY: Row = [
  /^RefNotFound$/,
  'Correct the keys of the Secret or ConfigMap that the message names.',
  `${PAGE}the-secret-of-a-hook-lacks-its-key`,
];
const REFERENCE: Row = [
  /^RefNotFound$/,
  'Create the object that the message names, or correct the name.',
  `${PAGE}the-app-names-a-resthook-that-does-not-exist`,
];

/** Null = no advice is known; the message must do. */
export function adviceFor(reason: string, message: string): Advice | null {
  const reference = message.includes('has no key') ? HOOK_KEY : REFERENCE;
  const row = [reference, ...ROWS].find(([pattern]) => pattern.test(reason));
  if (!row) return null;
  const [, fix, section] = row;
  return { fix, link: section === undefined ? null : linkTo(section) };
}

const CAPTURES = `${PAGE}a-stream-is-not-captured`;

/** A StreamCapture has many reasons of its own, which one section explains. */
export const CAPTURE_ADVICE: Advice = {
  fix: 'Look the reason up in the table of this section.',
  link: linkTo(CAPTURES),
};

/** The sections that any advice links to. For a test. */
export const SECTIONS: readonly string[] = [
  CAPTURES,
  ...[HOOK_KEY, REFERENCE, ...ROWS].flatMap(([, , section]) => section ?? []),
];
