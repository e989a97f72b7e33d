import { lookup } from 'node:dns/promises';
import { folderCaptures } from '../../crds/render/folder-captures.ts';
import { CALLS_PATH } from '../../crds/schema/capture-calls.ts';
import type {
  CaptureOrder,
  CapturePush,
  CaptureReport,
  CaptureState,
  HeldCapture,
  MediaPod,
  PullSettings,
} from '../../crds/schema/capture-messages.ts';
import { systemClock } from '../../process/clock.ts';
import type { Log } from '../../process/logger.ts';
import { openOps } from '../../process/ops-listener.ts';
import { readFolder } from '../config/documents.ts';
import { oneAtATime } from '../config/one-at-a-time.ts';
import { readResources } from '../config/resources.ts';
import { FolderWatch } from '../config/watch.ts';
import { KeyedAgent } from '../fleet/keyed-agent.ts';
import { LineChannel } from '../fleet/line-channel.ts';
import type { CaptureDeps } from './capture.ts';
import { Captures, type CapturesDeps } from './captures.ts';
import { HostAddresses, type Lookup } from './host-addresses.ts';
import { locate } from './locate.ts';
import { MediaPods, urlOf } from './media-pods.ts';
import { CaptureMetrics } from './metrics.ts';
import { openOperatorListener } from './operator-listener.ts';
import type { FromFolder, FromOperator, Options } from './options.ts';
import { publisher } from './publisher.ts';
import { RestCaptures } from './rest-captures.ts';
import { Resumed } from './resumed.ts';
import { Source } from './source.ts';
import { ViewerCalls } from './viewer-calls.ts';

const clock = systemClock;
/** One connection for each event stream, and some for calls. */
const AGENT = { connections: null, connectMs: 2_000, mostBytes: -1 } as const;

const addressesOf: Lookup = async (name) => (await lookup(name, { all: true })).map(({ address }) => address);

/** Captures streams until it is told to stop. */
export async function runCaptures(options: Options, log: Log): Promise<void> {
  await using undo = new AsyncDisposableStack();
  const agent = new KeyedAgent(options.keyFile, AGENT, 'capture');
  undo.defer(() => agent.close());
  const mediaPods = new MediaPods();
  const metrics = new CaptureMetrics();
  const deps: CapturesDeps = {
    clock,
    log,
    metrics,
    openSource: sourceOpener(options.sources, new HostAddresses(addressesOf, clock)),
    publish: publisher({ mediaPods, agent, clock }),
    onFailed: ({ uid }, why) => calls.failed(uid, why),
    onHeld: () => calls.tell(),
    onChange: () => calls.tell(),
    onGone: (uid) => mediaPods.forget(uid),
  };
  const captures = new Captures(deps);
  const resumed = new Resumed(clock, (uid) => captures.heldAt(uid));
  const { from } = options;
  const restCaptures: RestCaptures = new RestCaptures({
    ...deps,
    told: captures,
    // The operator has written down that it is held, so it must be the one that starts it.
    resume: (uid) => (from.kind === 'operator' ? resumed.add(uid) : captures.restart(uid)),
  });
  const calls = new ViewerCalls({
    clock,
    log,
    open: (pod) => LineChannel.to(agent.get(), urlOf(pod), CALLS_PATH),
    offers: () => {
      const pullsFor = restCaptures.appKey === undefined ? {} : { pullsFor: restCaptures.appKey };
      return { captures: [...restCaptures.offers, ...captures.offers], ...pullsFor };
    },
    want: (uid) => captures.want(uid),
    answer: (call) => restCaptures.answer(call),
  });
  metrics.observe(() => [...captures.all(), ...restCaptures.all()]);
  undo.defer(async () => void (await Promise.all([captures.stop(), restCaptures.stop()])));
  undo.defer(() => calls.close());
  const follow = {
    setPods: (pods: readonly MediaPod[]): void => {
      mediaPods.set(pods);
      calls.set(pods);
    },
    setCaptures: ({ held, orders, pulls }: Told): void => {
      void captures.set(orders);
      void restCaptures.set(pulls, held);
      resumed.set(held);
    },
  };
  const parts = { ...follow, states: () => captures.states, resumed: () => resumed.all, metrics, log, undo };
  if (from.kind === 'folder') await followFolder(from, parts);
  else await followOperator(options, from, parts);
  log.info('ready to capture');
  await stopped(log);
}

/** What this pod is to capture. */
type Told = {
  readonly orders: readonly CaptureOrder[];
  readonly pulls: PullSettings | null;
  readonly held: readonly HeldCapture[];
};

type Parts = {
  readonly setPods: (pods: readonly MediaPod[]) => void;
  readonly setCaptures: (told: Told) => void;
  readonly states: () => CaptureState[];
  readonly metrics: CaptureMetrics;
  readonly resumed: () => NonNullable<CaptureReport['resumed']>;
  readonly log: Log;
  readonly undo: AsyncDisposableStack;
};

/** Captures what the operator tells, and tells it how that goes. */
async function followOperator(
  { keyFile, listenAddress: host, podName }: Options,
  { opsPort, port }: FromOperator,
  { log, metrics: { registry }, resumed, setCaptures, setPods, states, undo }: Parts,
): Promise<void> {
  const ops = await openOps({
    log,
    host,
    port: opsPort,
    setting: '--ops-port',
    contentType: registry.contentType,
    metrics: () => registry.metrics(),
    checks: () => [],
  });
  undo.defer(() => {
    ops.close();
    ops.closeAllConnections();
  });
  let hash = '';
  const report = (): CaptureReport => ({ pod: podName, hash, captures: states(), resumed: resumed() });
  const take = (push: CapturePush): void => {
    hash = push.hash;
    setPods(push.mediaPods);
    const { captures: orders, held = [], pulls = null } = push;
    setCaptures({ orders, pulls, held });
  };
  const app = await openOperatorListener({ host, port, keyFile, report, take });
  undo.defer(() => app.close());
}

/** Captures what a folder names, and follows its changes. */
async function followFolder(
  { dir, mediaPort, name }: FromFolder,
  { log, setCaptures, setPods, undo }: Parts,
): Promise<void> {
  setPods([{ pod: 'local', address: '127.0.0.1', port: mediaPort }]);
  const apply = async (): Promise<void> => {
    const { orders, pulls, refused } = folderCaptures(readResources(await readFolder(dir), name, dir));
    for (const { message, name: capture, reason } of refused) {
      log.warn({ capture, reason, message }, 'a StreamCapture is left out');
    }
    setCaptures({ orders, pulls, held: [] });
  };
  await apply();
  const onChange = oneAtATime(() =>
    apply().catch((error: unknown) =>
      log.warn({ err: error }, 'the resources are not valid; captures stay as they are'),
    ),
  );
  const watch = new FolderWatch(dir, { clock, log, onChange });
  undo.defer(() => watch.close());
}

/** Finds a source and opens it. */
function sourceOpener(socket: string, hosts: HostAddresses): CaptureDeps['openSource'] {
  return (order, turn, listener) => {
    let source: Source | null = null;
    let isClosed = false;
    void locate(order, turn, (host) => hosts.addressesOf(host)).then((located) => {
      if (isClosed) return;
      if ('reason' in located) listener.onEnded(located.reason, located.text);
      else source = new Source(socket, located, listener);
    });
    return {
      close: () => {
        isClosed = true;
        source?.close();
      },
    };
  };
}

function stopped(log: Log): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) {
      process.once(signal, () => {
        log.info({ signal }, 'stopping');
        resolve();
      });
    }
  });
}
