import { type Arguments, one } from './arguments.ts';
import { type CaptureRow, captureRow, capturesPage } from './capture-rows.ts';
import { Failure } from './failure.ts';
import { Kubectl } from './kubectl.ts';
import { noSuch } from './media-servers.ts';
import type { MediaServer, StreamApp, StreamCapture } from './objects.ts';
import type { Terminal } from './terminal.ts';
import { json, plain } from './text.ts';

type Format = 'wide' | 'json' | 'name' | undefined;

/** `captures`: lists the StreamCaptures of one or all MediaServers of the namespace. Reads objects only. */
export async function captures(args: Arguments, terminal: Terminal): Promise<number> {
  const [name] = args.positionals;
  const kubectl = new Kubectl(args);
  if (name !== undefined) await checkServer(kubectl, name);
  const apps = await kubectl.list<StreamApp>('streamapps');
  const found = await kubectl.list<StreamCapture>('streamcaptures');
  const chosen = chosenOf(found, apps, { server: name, appKey: one(args, 'app') });
  const format = one(args, 'output') as Format;
  const isTable = format === undefined || format === 'wide';
  if (isTable && chosen.length === 0) terminal.err('No captures found.\n');
  else terminal.out(capturesText(chosen, format));
  return 0;
}

async function checkServer(kubectl: Kubectl, name: string): Promise<void> {
  const servers = await kubectl.list<MediaServer>('mediaservers');
  if (!servers.some(({ metadata }) => metadata.name === name)) throw new Failure(noSuch(name, servers));
}

type Wanted = { readonly server: string | undefined; readonly appKey: string | undefined };

/** The captures of apps of a MediaServer or with a key, by name. Undefined = of any, also without an app. Pure. */
export function chosenOf(
  captures: readonly StreamCapture[],
  apps: readonly StreamApp[],
  { appKey, server }: Wanted,
): CaptureRow[] {
  const appOf = (capture: StreamCapture): StreamApp | undefined =>
    apps.find(({ metadata }) => metadata.name === capture.spec.appRef.name);
  const isWanted = (app: StreamApp | undefined): boolean =>
    (server === undefined || app?.spec.mediaServerRef.name === server) &&
    (appKey === undefined || app?.spec.appKey === appKey);
  return captures.flatMap((capture) => {
    const app = appOf(capture);
    return isWanted(app) ? [captureRow(capture, app?.spec.appKey ?? '')] : [];
  });
}

/** The list, as text for the terminal. Pure. */
export function capturesText(rows: readonly CaptureRow[], format: Format): string {
  if (format === 'json') return json(rows);
  if (format === 'name') return rows.map(({ name }) => `streamcapture.sluice.dev/${plain(name)}\n`).join('');
  return capturesPage(rows, format === 'wide');
}
