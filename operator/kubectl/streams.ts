import { setTimeout as sleep } from 'node:timers/promises';
import type { StreamFilter } from '../../crds/schema/stream-filter.ts';
import { type Arguments, has, one } from './arguments.ts';
import { Failure } from './failure.ts';
import { readFilter } from './filter.ts';
import { Kubectl } from './kubectl.ts';
import { chooseMediaServer } from './media-servers.ts';
import type { LiveStream, MediaServer } from './objects.ts';
import { RestApi } from './rest-api.ts';
import { type Change, changesOf, type Known } from './stream-changes.ts';
import { incompleteSentence } from './stream-lists.ts';
import { headings, rowOf, sorted, widths } from './stream-rows.ts';
import type { Terminal } from './terminal.ts';
import { json, jsonLine, lineOf, plain, table } from './text.ts';

const EVERY_MS = 2_000;

type Format = 'wide' | 'json' | 'name' | undefined;

/** `streams`: lists the live streams of all pods. */
export async function streams(args: Arguments, terminal: Terminal): Promise<number> {
  const filter = readFilter(args);
  const format = one(args, 'output') as Format;
  const kubectl = new Kubectl(args);
  const server = await chooseMediaServer(kubectl, args.positionals[0]);
  if (has(args, 'watch')) return watch({ kubectl, server, filter, format, terminal });
  const api = await RestApi.open(kubectl, server);
  const found = await api.find(filter).finally(() => api.close());
  print(sorted(found.streams), format, terminal);
  if (found.missing.length === 0) return 0;
  terminal.err(`${incompleteSentence(found.missing)}\n`);
  return 1;
}

function print(found: readonly LiveStream[], format: Format, terminal: Terminal): void {
  const isTable = format === undefined || format === 'wide';
  if (isTable && found.length === 0) terminal.err('No streams found.\n');
  else terminal.out(listText(found, format, terminal.now()));
}

/** The list, as text for the terminal. Pure. */
export function listText(found: readonly LiveStream[], format: Format, now: number): string {
  if (format === 'json') return json(found);
  if (format === 'name') return found.map(({ mediaSessionId }) => `${plain(mediaSessionId)}\n`).join('');
  const isWide = format === 'wide';
  return table(
    headings(isWide),
    found.map((stream) => rowOf(stream, now, isWide)),
  );
}

type Watch = {
  readonly kubectl: Kubectl;
  readonly server: MediaServer;
  readonly filter: StreamFilter;
  readonly format: Format;
  readonly terminal: Terminal;
};

/** Never returns: the user interrupts it. A pod that goes away is replaced by another one. */
async function watch({ filter, format, kubectl, server, terminal }: Watch): Promise<number> {
  const isTable = format === undefined || format === 'wide';
  if (isTable) terminal.out(`${lineOf(headings(format === 'wide'), widths(format === 'wide'))}\n`);
  let api = await RestApi.open(kubectl, server);
  let known: Known = new Map();
  let complaint = '';
  for (;;) {
    const { said, seen } = await look(api, filter);
    if (said !== complaint && said !== '') terminal.err(`${said}\n`);
    complaint = said;
    if (seen) {
      const { changes, known: now } = changesOf(known, seen);
      known = now;
      terminal.out(changes.map((change) => textOf(change, format, terminal.now())).join(''));
    }
    await sleep(EVERY_MS);
    if (!seen) api = await reopen(api, kubectl, server);
  }
}

type Look = { readonly seen: Awaited<ReturnType<RestApi['find']>> | null; readonly said: string };

async function look(api: RestApi, filter: StreamFilter): Promise<Look> {
  try {
    const seen = await api.find(filter);
    return { seen, said: seen.missing.length > 0 ? incompleteSentence(seen.missing) : '' };
  } catch (error) {
    if (error instanceof Failure) return { seen: null, said: error.message };
    throw error;
  }
}

/** The old connection, if there is no new one: the next look tells the user. */
async function reopen(api: RestApi, kubectl: Kubectl, server: MediaServer): Promise<RestApi> {
  try {
    const next = await RestApi.open(kubectl, server);
    api.close();
    return next;
  } catch (error) {
    if (error instanceof Failure) return api;
    throw error;
  }
}

/** One change, as text for the terminal. Pure. */
export function textOf(change: Change, format: Format, now: number): string {
  if (format === 'json') return jsonLine(change);
  if (format === 'name') return change.type === 'ADDED' ? `${plain(change.object.mediaSessionId)}\n` : '';
  const isWide = format === 'wide';
  const row = rowOf({ ...change.object, isEnded: change.type === 'DELETED' }, now, isWide);
  return `${lineOf(row, widths(isWide))}\n`;
}
