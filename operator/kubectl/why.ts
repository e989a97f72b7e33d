import { type Arguments, BadArguments, one } from './arguments.ts';
import { type Asked, type Explanation, explainEnded, explainLive, isAsked } from './explanations.ts';
import { Failure } from './failure.ts';
import { readFilter } from './filter.ts';
import { Kubectl } from './kubectl.ts';
import { chooseMediaServer } from './media-servers.ts';
import type { MediaServer, StreamApp, StreamTermination } from './objects.ts';
import { RestApi } from './rest-api.ts';
import { incompleteSentence } from './stream-lists.ts';
import { sorted } from './stream-rows.ts';
import type { Terminal } from './terminal.ts';
import { json, plural } from './text.ts';
import { whyPage } from './why-page.ts';

const MOST = 5;

/** `why`: explains why streams are live or have ended. */
export async function why(args: Arguments, terminal: Terminal): Promise<number> {
  const asked = readAsked(args);
  const limit = readLimit(args);
  const kubectl = new Kubectl(args);
  const server = await chooseMediaServer(kubectl, one(args, 'mediaserver'));
  const { explanations, missing } = await explain(kubectl, server, asked);
  const shown = explanations.slice(0, limit);
  if (missing.length > 0) terminal.err(`${incompleteSentence(missing)}\n`);
  if (one(args, 'output') === 'json') terminal.out(json(shown));
  else terminal.out(shown.map((each) => whyPage(each, terminal.now())).join('\n'));
  const rest = explanations.length - shown.length;
  if (rest > 0) terminal.err(`${plural(rest, 'more stream')}; --limit, --app, --published and --played choose.\n`);
  if (shown.length > 0) return 0;
  throw new Failure(
    `MediaServer "${server.metadata.name}" has no live stream with the id or name "${asked.what}", and none of the ` +
      'last 100 streams of each pod that ended has it. Pods that were replaced have forgotten theirs',
  );
}

/** Throws `BadArguments`. */
function readAsked(args: Arguments): Asked {
  const { appKey, published } = readFilter(args);
  return { what: args.positionals[0] ?? '', appKey, published };
}

/** Throws `BadArguments`. */
export function readLimit(args: Pick<Arguments, 'options'>): number {
  const text = one(args, 'limit') ?? String(MOST);
  if (/^[1-9]\d{0,4}$/.test(text)) return Number(text);
  throw new BadArguments(`--limit: must be a number from 1 to 99999, got "${text}"`);
}

/** A popular stream has many playbacks, and most questions are about the publication. Pure. */
export const publicationsFirst = <S extends { readonly published: boolean }>(streams: readonly S[]): S[] =>
  [...streams].sort((one, other) => Number(other.published) - Number(one.published));

type Explained = { readonly explanations: readonly Explanation[]; readonly missing: readonly string[] };

/** Live streams first, then those that ended last; in each, publications first. */
async function explain(kubectl: Kubectl, server: MediaServer, asked: Asked): Promise<Explained> {
  const api = await RestApi.open(kubectl, server);
  const answers = Promise.all([api.find({}), api.ended()]).finally(() => api.close());
  const [[live, ended], apps, terminations] = await Promise.all([
    answers,
    kubectl.list<StreamApp>('streamapps'),
    kubectl.list<StreamTermination>('streamterminations'),
  ]);
  const knowledge = { server, apps, terminations };
  return {
    explanations: [
      ...publicationsFirst(sorted(live.streams.filter((stream) => isAsked(asked, stream)))).map((each) =>
        explainLive(each, knowledge),
      ),
      ...publicationsFirst(ended.streams.filter((stream) => isAsked(asked, stream))).map((each) =>
        explainEnded(each, knowledge),
      ),
    ],
    missing: [...new Set([...live.missing, ...ended.missing])],
  };
}
