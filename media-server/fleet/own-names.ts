import type { StreamRegistry } from '../streams/registry.ts';
import type { Stream } from '../streams/stream.ts';
import type { NamesDeps, OwnName } from './names.ts';

/** The publications of this pod, as holders of their names. One that is ending no longer holds its name. */
export function ownNames(registry: StreamRegistry): NamesDeps['own'] {
  const own = ({ appKey, createdAt: at, live: isLive, name, session }: Stream): OwnName => ({
    ...{ appKey, name, at, isLive, capture: session.capture },
  });
  return {
    get: (appKey: string, name: string): OwnName | undefined => {
      const publication = registry.publication(appKey, name);
      return publication?.cause === null ? own(publication) : undefined;
    },
    all: (): OwnName[] => [...registry.byDirection('publish')].filter(({ cause }) => cause === null).map(own),
  };
}
