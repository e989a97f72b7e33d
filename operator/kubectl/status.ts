import { type Arguments, one } from './arguments.ts';
import { Failure } from './failure.ts';
import { type Objects, statusView } from './fleet-view.ts';
import { Kubectl } from './kubectl.ts';
import { noSuch } from './media-servers.ts';
import { type MediaServer, PODS, type Pod, type RestHook, type StreamApp, type StreamTermination } from './objects.ts';
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
  const pods = kubectl.list<Pod>('pods', `--selector=${PODS}`).catch((error: Error) => error);
  const [mediaServers, streamApps, restHooks, streamTerminations] = await Promise.all([
    kubectl.list<MediaServer>('mediaservers'),
    kubectl.list<StreamApp>('streamapps'),
    kubectl.list<RestHook>('resthooks'),
    kubectl.list<StreamTermination>('streamterminations'),
  ]);
  const found = await pods;
  if (found instanceof Error) terminal.err(`The pods are missing here: ${plain(found.message)}\n`);
  return { mediaServers, streamApps, restHooks, streamTerminations, pods: found instanceof Error ? [] : found };
}
