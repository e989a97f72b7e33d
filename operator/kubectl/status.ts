import { type Arguments, one } from './arguments.ts';
import { Failure } from './failure.ts';
import { type Objects, statusView } from './fleet-view.ts';
import { Kubectl } from './kubectl.ts';
import { noSuch } from './media-servers.ts';
import {
  type MediaServer,
  PODS,
  type Pod,
  type RestHook,
  type StreamApp,
  type StreamCapture,
  type StreamTermination,
} from './objects.ts';
import { statusPage } from './status-page.ts';
import type { Terminal } from './terminal.ts';
import { json, plain } from './text.ts';

/** `status`: one page about one or all MediaServers of the namespace. */
export async function status(args: Arguments, terminal: Terminal): Promise<number> {
  const [name] = args.positionals;
  const objects = await readObjects(new Kubectl(args), terminal);
  const isThere = objects.mediaServers.some(({ metadata }) => metadata.name === name);
  if (name !== undefined && !isThere) throw new Failure(noSuch(name, objects.mediaServers));
  const view = statusView(objects, name, terminal.now());
  if (one(args, 'output') === 'json') terminal.out(json(view));
  else terminal.out(statusPage(view, terminal.now()));
  if (view.mediaServers.length > 0) return view.isHealthy ? 0 : 1;
  throw new Failure('the namespace has no MediaServer. Choose another one with --namespace');
}

async function readObjects(kubectl: Kubectl, terminal: Terminal): Promise<Objects> {
  // The role of people who only end streams does not include pods; the rest of the page is of use without them.
  const pods = orError(kubectl.list<Pod>('pods', `--selector=${PODS}`));
  // A cluster with an older chart does not have the kind.
  const streamCaptures = orError(kubectl.list<StreamCapture>('streamcaptures'));
  const [mediaServers, streamApps, restHooks, streamTerminations] = await Promise.all([
    kubectl.list<MediaServer>('mediaservers'),
    kubectl.list<StreamApp>('streamapps'),
    kubectl.list<RestHook>('resthooks'),
    kubectl.list<StreamTermination>('streamterminations'),
  ]);
  return {
    mediaServers,
    streamApps,
    restHooks,
    streamTerminations,
    streamCaptures: orNone(await streamCaptures, 'captures', terminal),
    pods: orNone(await pods, 'pods', terminal),
  };
}

const orError = <T>(list: Promise<T>): Promise<T | Error> => list.catch((error: Error) => error);

function orNone<T>(found: readonly T[] | Error, what: string, terminal: Terminal): readonly T[] {
  if (!(found instanceof Error)) return found;
  terminal.err(`The ${what} are missing here: ${plain(found.message)}\n`);
  return [];
}
