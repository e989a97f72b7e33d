import { TO_START_AGAIN } from '../../crds/schema/capture-reasons.ts';
import { linkTo } from './advice.ts';
import type { StreamCapture } from './objects.ts';
import { plain, table } from './text.ts';

/** A StreamCapture as the list shows it. Fields are empty while nothing is known. */
export type CaptureRow = {
  readonly name: string;
  readonly namespace: string;
  readonly appKey: string;
  readonly stream: string;
  /** Host of the source. */
  readonly source: string;
  /** Reason of the condition Capturing. */
  readonly state: string;
  readonly message: string;
  /** Whether it stays ended until somebody starts it again. */
  readonly isHeld: boolean;
  readonly codecs: readonly string[];
  /** `1280x720` */
  readonly size: string;
  readonly keyFrameInterval: string;
  /** Bits per second; null = not known. */
  readonly bitrate: number | null;
  readonly restarts: number;
  readonly connectedSince: string;
  readonly pod: string;
};

/** Pure. */
export function captureRow({ metadata, spec, status = {} }: StreamCapture, appKey: string): CaptureRow {
  const { reason = '', message = '' } = status.conditions?.find(({ type }) => type === 'Capturing') ?? {};
  const { assignment, bitrate = null, connectedSince = '', held, keyFrameInterval = '', restarts = 0 } = status;
  const { source = '', tracks = [] } = status;
  return {
    ...{ name: metadata.name, namespace: metadata.namespace ?? '', appKey, stream: spec.name },
    ...{ source, state: reason, message, isHeld: held !== undefined },
    ...{ codecs: tracks.map(({ codec }) => codec), size: sizeOf(tracks), keyFrameInterval, bitrate },
    ...{ restarts, connectedSince, pod: assignment?.pod ?? '' },
  };
}

type Tracks = NonNullable<NonNullable<StreamCapture['status']>['tracks']>;

function sizeOf(tracks: Tracks): string {
  const { height, width } = tracks.find(({ kind }) => kind === 'video') ?? {};
  return width && height ? `${width}x${height}` : '';
}

type Column = readonly [heading: string, text: (row: CaptureRow) => string];

const COLUMNS: readonly Column[] = [
  ['NAME', ({ name }) => name],
  ['STREAM', ({ stream }) => stream],
  ['SOURCE', ({ source }) => source],
  ['STATE', ({ state }) => state],
  ['CODECS', ({ codecs }) => codecs.join(',')],
  ['KEYFRAMES', ({ keyFrameInterval }) => keyFrameInterval],
  ['BITRATE', ({ bitrate }) => (bitrate === null ? '' : bitrateText(bitrate))],
  ['RESTARTS', ({ restarts }) => String(restarts)],
  ['POD', ({ pod }) => pod],
];
const WIDE: readonly Column[] = [
  ['APP', ({ appKey }) => appKey],
  ['SIZE', ({ size }) => size],
  ['CONNECTED', ({ connectedSince }) => connectedSince],
];

/** A table, then what is to be said of each capture that is not as its spec wants it. Pure. */
export function capturesPage(rows: readonly CaptureRow[], isWide: boolean): string {
  const columns = isWide ? [...COLUMNS, ...WIDE] : COLUMNS;
  const lines = rows.filter(isToBeExplained).flatMap(explanationOf);
  return [
    table(
      columns.map(([heading]) => heading),
      rows.map((row) => columns.map(([, text]) => text(row))),
    ),
    ...(lines.length === 0 ? [] : [[...lines, `States: ${linkTo(STATES)}`].map((line) => `${plain(line)}\n`).join('')]),
  ].join('\n');
}

/** A test checks that it exists. */
export const STATES = 'docs/captures.md#states';

const AS_WANTED = ['Connected', 'Idle', 'Suspended'];
const isToBeExplained = ({ state }: CaptureRow): boolean => !AS_WANTED.includes(state);

function explanationOf(row: CaptureRow): string[] {
  const { isHeld, message, name } = row;
  if (message === '') return [`${name}: the operator has not written a status`];
  // What follows in the message is the command below, without a namespace.
  const [what = ''] = isHeld ? message.split(TO_START_AGAIN) : [message];
  return [`${name}: ${what}`, ...(isHeld ? [`  → To start it again: ${restartOf(row)}`] : [])];
}

const restartOf = ({ name, namespace }: CaptureRow): string =>
  `kubectl annotate streamcapture ${name} --namespace=${namespace} sluice.dev/restart="$(date)" --overwrite`;

/** `2.1 Mbit/s`, `640 kbit/s`. */
function bitrateText(bitsPerSecond: number): string {
  const isSmall = bitsPerSecond < 1_000_000;
  const value = bitsPerSecond / (isSmall ? 1_000 : 1_000_000);
  return `${Number(value.toPrecision(2))} ${isSmall ? 'kbit/s' : 'Mbit/s'}`;
}
