import { isIPv4 } from 'node:net';
import { parseDurationMs } from '../../../crds/schema/duration.ts';
import { readAddress, readOptions, UsageError } from '../../../process/command-line.ts';

/** An HTTP call. `{id}` in the URL and in the body stands for the id of a session. */
export type Call = {
  readonly method: string;
  readonly url: string;
  /** JSON; null = no body. */
  readonly body: string | null;
};

/** A call whose JSON lists sessions, each of which is kicked by a call of its own. */
export type SessionList = {
  readonly call: Call;
  /** Names of fields from the top to the id. Lists on the way are walked through. */
  readonly ids: readonly string[];
  /** A field that stands beside the id, and its text, which only the sessions to kick have; null = all are kicked. */
  readonly where: { readonly field: string; readonly text: string } | null;
};

/** The server that is measured. */
export type Target = {
  /** WHIP; null = somebody else publishes. */
  readonly publish: string | null;
  /** WHEP. */
  readonly play: string;
  readonly kick: Call;
  /** Null = one kick ends all players. */
  readonly list: SessionList | null;
  /** Headers of the list and the kicks. */
  readonly headers: Readonly<Record<string, string>>;
  /** Bearer token of WHIP and WHEP. */
  readonly token: string | null;
};

export type KickSize = {
  readonly players: number;
  /** Joins at a time, and kicks at a time if there is one for each session. */
  readonly concurrency: number;
  readonly rounds: number;
  /** Share of datagrams that are lost from just before the kick, 0 to 1. */
  readonly loss: number;
  /** Time after which a client that does not know of its end counts as not told, in milliseconds. */
  readonly timeoutMs: number;
  /** Local address of the players for media. */
  readonly address: string;
};

export type KickOptions = KickSize & {
  /** Null = a Sluice media server that runs for the measurement. */
  readonly target: Target | null;
};

export const USAGE = `usage: kick [options]

Measures how long it takes until kicked players know. Without --play and --kick it starts a media server of Sluice.

  --play URL            WHEP URL
  --publish URL         WHIP URL (default: somebody else publishes)
  --kick 'POST URL'     the call that ends the players; {id} is the id of a listed session
  --body JSON           body of the kick; {id} as in the URL
  --list 'GET URL'      the call that lists sessions, each of which is kicked by a call of its own
  --list-body JSON      body of the list
  --ids FIELD.FIELD     where the ids are in the list, such as items.id
  --where FIELD=TEXT    kick only sessions with this text in this field beside the id, such as state=read
  --header 'NAME: TEXT' a header of the kick and the list; may occur more than once
  --token TOKEN         bearer token of WHIP and WHEP

  --players N           default 300
  --concurrency N       joins at a time, and kicks at a time with --list (default 10)
  --rounds N            default 3
  --loss PERCENT        lose this share of datagrams in both directions, from just before the kick (default 0%)
  --timeout DURATION    a client that does not know by then counts as not told (default 10s)
  --media-address IP    local IPv4 address of the players for media (default 127.0.0.1)

Exit code: 0 = every client was told, 1 = some were not, or nothing could be measured, 2 = invalid options.
`;

const OPTIONS = {
  play: { type: 'string' },
  publish: { type: 'string' },
  kick: { type: 'string' },
  body: { type: 'string' },
  list: { type: 'string' },
  'list-body': { type: 'string' },
  ids: { type: 'string' },
  where: { type: 'string' },
  header: { type: 'string', multiple: true },
  token: { type: 'string' },
  players: { type: 'string', default: '300' },
  concurrency: { type: 'string', default: '10' },
  rounds: { type: 'string', default: '3' },
  loss: { type: 'string', default: '0%' },
  timeout: { type: 'string', default: '10s' },
  'media-address': { type: 'string', default: '127.0.0.1' },
} as const;

type Given = ReturnType<typeof readOptions<typeof OPTIONS>>;

/** The default size. */
export const DEFAULT_SIZE: KickSize = sizeOf(readOptions([], OPTIONS));

/** Throws `UsageError` with a message that names the option. */
export function readKickOptions(args: readonly string[]): KickOptions {
  const given = readOptions(args, OPTIONS);
  return { ...sizeOf(given), target: targetOf(given) };
}

function sizeOf(given: Given): KickSize {
  return {
    players: readCount('--players', given.players),
    concurrency: readCount('--concurrency', given.concurrency),
    rounds: readCount('--rounds', given.rounds),
    loss: readShare('--loss', given.loss),
    timeoutMs: readDuration('--timeout', given.timeout),
    address: readIPv4('--media-address', given['media-address']),
  };
}

function readIPv4(option: string, text: string): string {
  if (isIPv4(readAddress(option, text))) return text;
  throw new UsageError(`${option}: must be an IPv4 address, got "${text}"`);
}

/** The options that need `--play` and `--kick`. */
const OF_A_SERVER = ['publish', 'body', 'list', 'list-body', 'ids', 'where', 'header', 'token'] as const;
/** The options that need `--list`. */
const OF_A_LIST = ['list-body', 'ids', 'where'] as const;

function targetOf(given: Given): Target | null {
  if (given.play === undefined || given.kick === undefined) {
    if (given.play !== undefined) throw new UsageError('--kick: must be set with --play');
    if (given.kick !== undefined) throw new UsageError('--play: must be set with --kick');
    const alone = OF_A_SERVER.find((name) => given[name] !== undefined);
    if (alone) throw new UsageError(`--${alone}: needs --play and --kick`);
    return null;
  }
  const kick = readCall('--kick', given.kick, 'POST', readJson('--body', given.body));
  const list = listOf(given);
  const namesId = `${kick.url}${kick.body ?? ''}`.includes('{id}');
  if (list && !namesId) throw new UsageError('--kick: must contain {id}, in the URL or in --body, if --list is set');
  if (!list && namesId) throw new UsageError('--list: must be set if --kick or --body contains {id}');
  return {
    play: readUrl('--play', given.play),
    publish: given.publish === undefined ? null : readUrl('--publish', given.publish),
    kick,
    list,
    headers: Object.fromEntries((given.header ?? []).map(readHeader)),
    token: given.token ?? null,
  };
}

function listOf(given: Given): SessionList | null {
  if (given.list === undefined) {
    const alone = OF_A_LIST.find((name) => given[name] !== undefined);
    if (alone) throw new UsageError(`--${alone}: needs --list`);
    return null;
  }
  if (given.ids === undefined) throw new UsageError('--ids: must be set with --list, such as --ids items.id');
  return {
    call: readCall('--list', given.list, 'GET', readJson('--list-body', given['list-body'])),
    ids: given.ids.split('.'),
    where: given.where === undefined ? null : readWhere(given.where),
  };
}

function readWhere(text: string) {
  const [, field, wanted] = /^([^=]+)=(.*)$/.exec(text) ?? [];
  if (field !== undefined && wanted !== undefined) return { field, text: wanted };
  throw new UsageError(`--where: must be a field and its text, such as state=read, got "${text}"`);
}

function readHeader(text: string): [string, string] {
  const [, name, value] = /^([\w-]+):\s*(.*)$/.exec(text) ?? [];
  if (name !== undefined && value !== undefined) return [name.toLowerCase(), value];
  throw new UsageError(`--header: must be a name and a text, such as "X-Key: secret", got "${text}"`);
}

function readCall(option: string, text: string, defaultMethod: string, body: string | null): Call {
  const [, method = defaultMethod, url = ''] = /^(?:([A-Z]+) +)?(.*)$/.exec(text) ?? [];
  if (method === 'GET' && body !== null) throw new UsageError(`${option}: a GET cannot have a body`);
  return { method, url: readUrl(option, url), body };
}

function readUrl(option: string, text: string): string {
  if (/^https?:\/\/./.test(text) && URL.canParse(text)) return text;
  throw new UsageError(`${option}: must be an http or https URL, got "${text}"`);
}

function readJson(option: string, text: string | undefined): string | null {
  if (text === undefined) return null;
  try {
    JSON.parse(text);
    return text;
  } catch (cause) {
    throw new UsageError(`${option}: must be JSON, got ${text}`, { cause });
  }
}

function readCount(option: string, text: string): number {
  const count = Number(text);
  if (/^\d+$/.test(text) && count > 0 && count <= 100_000) return count;
  throw new UsageError(`${option}: must be a number from 1 to 100000, got "${text}"`);
}

function readShare(option: string, text: string): number {
  const [, percent] = /^(\d+(?:\.\d+)?)%$/.exec(text) ?? [];
  if (percent !== undefined && Number(percent) <= 100) return Number(percent) / 100;
  throw new UsageError(`${option}: must be a share from 0% to 100%, got "${text}"`);
}

function readDuration(option: string, text: string): number {
  const ms = parseDurationMs(text);
  if (ms !== null && ms > 0) return ms;
  throw new UsageError(`${option}: must be a duration such as 60s or 1m30s, got "${text}"`);
}
