import { Failure } from './failure.ts';
import type { Kubectl } from './kubectl.ts';
import type { MediaServer } from './objects.ts';

/** The MediaServer with this name, or the only one of the namespace. Throws a `Failure` that says what there is. */
export async function chooseMediaServer(kubectl: Kubectl, name: string | undefined): Promise<MediaServer> {
  if (name === undefined) return onlyOne(await kubectl.list<MediaServer>('mediaservers'));
  const found = await kubectl.get<MediaServer>('mediaserver', name);
  if (found) return found;
  throw new Failure(noSuch(name, await kubectl.list<MediaServer>('mediaservers')));
}

/** Pure. */
export function onlyOne(servers: readonly MediaServer[]): MediaServer {
  const [first, ...others] = servers;
  if (!first) throw new Failure('the namespace has no MediaServer. Choose another one with --namespace');
  if (others.length === 0) return first;
  throw new Failure(`the namespace has ${servers.length} MediaServers: name one of ${namesOf(servers)}`);
}

/** Pure. */
export function noSuch(name: string, servers: readonly MediaServer[]): string {
  const others = servers.length === 0 ? 'it has none' : `it has ${namesOf(servers)}`;
  return `MediaServer "${name}" does not exist in the namespace; ${others}`;
}

const namesOf = (servers: readonly MediaServer[]): string => servers.map(({ metadata }) => metadata.name).join(', ');
