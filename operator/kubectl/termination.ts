import type { StreamFilter } from '../../crds/schema/stream-filter.ts';
import { API_VERSION, type Condition, type StreamTermination } from './objects.ts';
import { plural, table } from './text.ts';

export type Order = {
  readonly server: string;
  /** Null = every stream. */
  readonly filter: StreamFilter | null;
  readonly denyFor: string | undefined;
  readonly timeout: string;
};

/** The name of a dry run is of use to nobody once it has been read. */
const DRY_RUN_TTL = '1m';

/** The StreamTermination to create. Pure. */
export function terminationOf({ denyFor, filter, server, timeout }: Order, dryRun: boolean): object {
  return {
    apiVersion: API_VERSION,
    kind: 'StreamTermination',
    metadata: { generateName: dryRun ? 'kubectl-dry-run-' : 'kubectl-' },
    spec: {
      mediaServerRef: { name: server },
      ...(filter === null ? { all: true } : { filter }),
      ...(denyFor === undefined ? {} : { denyFor }),
      ...(dryRun ? { dryRun, ttlAfterFinished: DRY_RUN_TTL } : {}),
      timeout,
    },
  };
}

export type Progress =
  | { readonly kind: 'waits' }
  | { readonly kind: 'complete' }
  | { readonly kind: 'failed'; readonly message: string };

/** How far a StreamTermination is. Pure. */
export function progressOf({ status }: StreamTermination): Progress {
  const isTrue = (type: string) => (each: Condition) => each.type === type && each.status === 'True';
  const failed = status?.conditions?.find(isTrue('Failed'));
  if (failed) return { kind: 'failed', message: failed.message };
  return { kind: status?.conditions?.some(isTrue('Complete')) ? 'complete' : 'waits' };
}

/** What each pod did or would do, and the sum. Pure. */
export function resultText(object: StreamTermination): string {
  const { dryRun } = object.spec;
  const pods = object.status?.pods ?? [];
  const isDenied = object.status?.denied !== undefined;
  const rows = pods.map(({ denied = 0, matched = 0, message = '', name, state, terminated = 0 }) => {
    const ended = [String(matched), String(terminated), ...(isDenied ? [String(denied)] : [])];
    const counts = dryRun ? [String(matched)] : ended;
    return [name, state, ...counts, ...(pods.some((pod) => pod.message) ? [message] : [])];
  });
  const counts = dryRun ? ['WOULD-END'] : ['MATCHED', 'ENDED', ...(isDenied ? ['DENIED'] : [])];
  const headings = ['POD', 'STATE', ...counts, ...(pods.some((pod) => pod.message) ? ['MESSAGE'] : [])];
  return `${rows.length === 0 ? '' : table(headings, rows)}${sumText(object)}`;
}

function sumText({ spec, status }: StreamTermination): string {
  const { denied, matched = 0, terminated = 0 } = status ?? {};
  if (spec.dryRun) return `${plural(matched, 'stream')} of MediaServer "${spec.mediaServerRef.name}" would end.\n`;
  const byOthers =
    matched > terminated ? `; ${matched - terminated} of the ${matched} that matched ended otherwise` : '';
  const ended = `${plural(terminated, 'stream')} of MediaServer "${spec.mediaServerRef.name}" ended${byOthers}.\n`;
  return denied === undefined ? ended : `${ended}${deniedText(denied, matched)}`;
}

/** A client without a token, behind a proxy that is not trusted, cannot be told from others. */
function deniedText(denied: number, matched: number): string {
  if (denied >= matched) return 'Their clients are denied.\n';
  const rest = `${matched - denied} of ${matched} are not: they have no token, and rest.trustedProxies lacks their proxy`;
  return `The clients of ${plural(denied, 'stream')} are denied; ${rest}.\n`;
}

/** The result for programs. Pure. */
export function resultJson({ metadata, spec, status }: StreamTermination): object {
  const { completionTime, denied, matched = 0, phase = 'Pending', pods = [], startTime, terminated = 0 } = status ?? {};
  return {
    streamTermination: metadata.name,
    mediaServer: spec.mediaServerRef.name,
    dryRun: spec.dryRun,
    phase,
    matched,
    terminated,
    ...(denied === undefined ? {} : { denied }),
    ...(startTime === undefined ? {} : { startTime }),
    ...(completionTime === undefined ? {} : { completionTime }),
    pods: pods.map(({ matched: podMatched = 0, message, name, state, terminated: podTerminated = 0 }) => ({
      pod: name,
      state,
      matched: podMatched,
      terminated: podTerminated,
      ...(message === undefined ? {} : { message }),
    })),
  };
}
