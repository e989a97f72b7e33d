// What the REST API knows of captures: their publications, live or lately ended.

/**
 * A row for each captured stream: its live publication, else the one that ended last. `state` is `live`; `held` if it
 * stays ended until somebody starts it again; else `ended`: it comes back by itself. A capture that was deleted or
 * suspended, or that is idle because nobody plays it, has ended as its client wished, and has no row.
 */
export function capturesOf(streams, ended) {
  const live = streams.filter(isCaptured).map((stream) => ({ ...stream, state: 'live' }));
  const names = new Set(live.map(keyOf));
  const last = ended.filter(isCaptured).filter((stream) => isNew(names, keyOf(stream)));
  const gone = last.filter(({ cause }) => cause !== 'client');
  return [...live, ...gone.map((stream) => ({ ...stream, state: stream.held ? 'held' : 'ended' }))].sort(byName);
}

export const isCaptured = ({ mediaProvider, published }) => published && mediaProvider !== 'WebRTC';

const keyOf = ({ appKey, name }) => JSON.stringify([appKey, name]);

/** Also adds it. */
function isNew(names, key) {
  const isIt = !names.has(key);
  names.add(key);
  return isIt;
}

const byName = (one, other) => (keyOf(one) < keyOf(other) ? -1 : 1);
