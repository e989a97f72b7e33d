import { setTimeout as sleep } from 'node:timers/promises';
import { parseDurationMs } from '../../crds/schema/duration.ts';
import { type Arguments, BadArguments, has, one } from './arguments.ts';
import { Failure } from './failure.ts';
import { FILTER_NAMES, isEmpty, readFilter, wordsOf } from './filter.ts';
import { Kubectl } from './kubectl.ts';
import { chooseMediaServer } from './media-servers.ts';
import type { StreamTermination } from './objects.ts';
import type { Terminal } from './terminal.ts';
import { type Order, progressOf, resultJson, resultText, terminationOf } from './termination.ts';
import { json, plural } from './text.ts';

const LOOK_MS = 300;
/** For the operator to notice the object, beyond the time that the pods have. */
const SLACK_MS = 10_000;
/** After this time the user is told what is waited for. */
const TELL_MS = 5_000;
const TIMEOUT = '1m';
const MOST_DENY_MS = 24 * 60 * 60_000;

type Run = { readonly kubectl: Kubectl; readonly terminal: Terminal; readonly order: Order; readonly isJson: boolean };

/** `terminate`: shows how many streams would end, asks, and ends them with a StreamTermination. */
export async function terminate(args: Arguments, terminal: Terminal): Promise<number> {
  const wanted = readOrder(args);
  const isDryRun = has(args, 'dry-run');
  const isSure = has(args, 'yes');
  if (!isDryRun && !isSure && !terminal.isInteractive) {
    throw new BadArguments('this is not a terminal, so nobody can be asked: give --yes to end streams, or --dry-run');
  }
  const kubectl = new Kubectl(args);
  const { metadata } = await chooseMediaServer(kubectl, args.positionals[0]);
  const order: Order = { ...wanted, server: metadata.name };
  const run: Run = { kubectl, terminal, order, isJson: one(args, 'output') === 'json' };
  if (isSure && !isDryRun) return end(run);
  const foreseen = await carryOut(run, true);
  const matched = foreseen.status?.matched ?? 0;
  if (isDryRun) print(run, foreseen);
  else terminal.err(resultText(foreseen));
  if (matched === 0) throw new Failure(noneMatches(order));
  if (isDryRun) return 0;
  if (await terminal.ask(`End ${plural(matched, 'stream')}? [y/N] `)) return end(run);
  terminal.err('No stream was ended.\n');
  return 1;
}

/** The order without the name of the MediaServer. Throws `BadArguments`. */
export function readOrder(args: Arguments): Omit<Order, 'server'> {
  const filter = readFilter(args);
  const isAll = has(args, 'all');
  if (isAll && !isEmpty(filter)) throw new BadArguments('--all: ends every stream, so give no other filter');
  if (!isAll && isEmpty(filter)) {
    throw new BadArguments(`say which streams: give at least one of ${FILTER_NAMES}, or --all to end every stream`);
  }
  return {
    filter: isAll ? null : filter,
    denyFor: duration(args, 'deny-for', MOST_DENY_MS),
    timeout: duration(args, 'timeout', MOST_DENY_MS) ?? TIMEOUT,
  };
}

function duration(args: Arguments, name: string, mostMs: number): string | undefined {
  const text = one(args, name);
  if (text === undefined) return undefined;
  const ms = parseDurationMs(text);
  if (ms !== null && ms >= 1_000 && ms <= mostMs) return text;
  throw new BadArguments(`--${name}: must be a duration such as 60s or 1h30m, from 1s to 24h, got "${text}"`);
}

const noneMatches = ({ filter, server }: Order): string =>
  filter === null
    ? `MediaServer "${server}" has no live stream`
    : `no live stream of MediaServer "${server}" matches: ${wordsOf(filter)}`;

async function end(run: Run): Promise<number> {
  const done = await carryOut(run, false);
  print(run, done);
  if ((done.status?.matched ?? 0) === 0) throw new Failure(noneMatches(run.order));
  return 0;
}

function print({ isJson, terminal }: Run, object: StreamTermination): void {
  terminal.out(isJson ? json(resultJson(object)) : resultText(object));
}

/** Creates the StreamTermination and waits for its end. Throws a `Failure` if it fails or nobody carries it out. */
async function carryOut(run: Run, dryRun: boolean): Promise<StreamTermination> {
  const { kubectl, order, terminal } = run;
  const { metadata } = await kubectl.create<StreamTermination>(terminationOf(order, dryRun));
  const { name } = metadata;
  if (!dryRun) terminal.err(`streamtermination.sluice.dev/${name} created\n`);
  const done = await untilDone(run, name, dryRun);
  const progress = progressOf(done);
  if (progress.kind !== 'failed') return done;
  if (run.isJson || done.status?.pods !== undefined) print(run, done);
  throw new Failure(`StreamTermination "${name}" failed: ${progress.message}`);
}

/** Looks until the StreamTermination is complete or has failed. */
async function untilDone({ kubectl, order, terminal }: Run, name: string, dryRun: boolean): Promise<StreamTermination> {
  const waitMs = (parseDurationMs(order.timeout) ?? 0) + SLACK_MS;
  const deadline = terminal.now() + waitMs;
  const tell = setTimeout(() => terminal.err('Waiting for the operator and all pods.\n'), TELL_MS);
  try {
    while (terminal.now() < deadline) {
      const looked = await kubectl.get<StreamTermination>('streamtermination', name).then(
        (object) => ({ object }),
        (error: unknown) => {
          // The order has been given: an API server that is away for a moment does not matter.
          if (terminal.now() + LOOK_MS >= deadline) throw error;
          return null;
        },
      );
      if (looked?.object === null)
        throw new Failure(`StreamTermination "${name}" was deleted before it was carried out`);
      if (looked && progressOf(looked.object).kind !== 'waits') return looked.object;
      await sleep(LOOK_MS);
    }
  } finally {
    clearTimeout(tell);
  }
  throw new Failure(notCarriedOut(name, order, dryRun));
}

function notCarriedOut(name: string, { timeout }: Order, dryRun: boolean): string {
  const fact = `StreamTermination "${name}" was not carried out in ${timeout}: check that the operator runs`;
  if (dryRun) return fact;
  return `${fact}. Pods that have not been asked by then are not asked. Run it again if streams are left`;
}
