// The console: live streams, sessions, termination by filter with a dry run, and ended streams. Uses the public REST API
// only.

import { api, findEnded, findSessions, findStreams } from './api.js';
import { capturesOf } from './captured.js';
import { confirmEnd, confirmEndSession } from './confirm.js';
import { element } from './stage.js';
import { showCaptures, showEnded, showLive, showSessions } from './tables.js';

const REFRESH_MS = 1000;
/** A slow list is requested less often. */
const REST_PER_WORK = 5;

const form = element('filter');
let isSignedOut = false;
let nextRefresh = 0;

function readApp() {
  const { value } = form.elements.appKey;
  return value ? { appKey: value } : {};
}

/** App and direction, which the server can filter by. */
function readFilter() {
  const { value } = form.elements.published;
  return { ...readApp(), ...(value ? { published: value === 'true' } : {}) };
}

const searched = () => form.elements.search.value.trim().toLowerCase();

function matchesSearch({ mediaSessionId, name }) {
  return name.toLowerCase().includes(searched()) || mediaSessionId.startsWith(searched());
}

const isNarrowed = () => searched() !== '' || form.elements.published.value !== '';

/** Streams as the toolbar wants them; the app is left to the server. */
function selectStreams(streams) {
  const { published } = readFilter();
  return streams.filter(
    (stream) => matchesSearch(stream) && (published === undefined || stream.published === published),
  );
}

/** Sessions with a stream that is shown. A search may also be for an id; without one, those without streams count. */
function selectSessions(sessions, shown) {
  if (!isNarrowed()) return sessions;
  const wanted = new Set(shown.map(({ sessionId }) => sessionId));
  const isSearched = ({ sessionId }) => searched() !== '' && sessionId.startsWith(searched());
  return sessions.filter((session) => wanted.has(session.sessionId) || isSearched(session));
}

/** The visible streams as a filter of the API. The API cannot search for part of a name, so a search becomes ids. */
async function filterOfShown() {
  if (searched() === '') return readFilter();
  const shown = selectStreams((await findStreams(readFilter())).rows);
  return { mediaSessionIds: shown.map(({ mediaSessionId }) => mediaSessionId) };
}

async function refresh() {
  const calls = [findStreams(readApp()), findSessions(readApp()), findEnded(), api('/app/find_all')];
  const [{ rows: streams, unasked }, { rows: sessions }, { rows: ended }, apps] = await Promise.all(calls);
  const live = selectStreams(streams);
  showLive(live, ({ mediaSessionId }) => end(() => confirmEnd({ mediaSessionId })));
  const open = selectSessions(sessions, live);
  showSessions(open, streams, (session) => end(() => confirmEndSession(session)));
  refreshCaptures(streams, ended);
  showEnded(ended);
  offerApps(apps.map(({ appKey }) => appKey));
  setText('count', live.length);
  setText('unasked', unasked && `Their streams and sessions are missing here, since they do not answer: ${unasked}`);
  setText('session-count', open.length);
  const isFiltered = isNarrowed() || Object.keys(readApp()).length > 0;
  setText('end-all', isFiltered ? 'End these…' : 'End all…');
  setText('live-empty', isFiltered ? 'No stream matches.' : 'No stream is live.');
  setText('sessions-empty', isFiltered ? 'No session matches.' : 'No session is open.');
  element('end-all').disabled = live.length === 0;
}

/** A media server without captures does not show the table. */
function refreshCaptures(streams, ended) {
  const { appKey } = readApp();
  const all = capturesOf(streams, ended);
  const shown = selectStreams(all).filter((capture) => appKey === undefined || capture.appKey === appKey);
  showCaptures(shown, ({ mediaSessionId }) => end(() => confirmEnd({ mediaSessionId })));
  setText('capture-count', shown.length);
  element('captures-panel').hidden = all.length === 0;
}

/** Keeps the selection, even if its app is gone. */
function offerApps(keys) {
  const select = form.elements.appKey;
  const wanted = [...new Set([...keys, select.value].filter(Boolean))].sort();
  const offered = [...select.options].slice(1).map(({ value }) => value);
  if (wanted.join('\n') === offered.join('\n')) return;
  const chosen = select.value;
  select.replaceChildren(new Option('All apps', ''), ...wanted.map((key) => new Option(key, key)));
  select.value = chosen;
}

/** Sets only changed text, so that screen readers do not repeat live regions every second. */
function setText(id, text) {
  if (element(id).textContent !== String(text)) element(id).textContent = text;
}

/** Refreshes, and shows an error on failure. */
async function refreshNow() {
  clearTimeout(nextRefresh);
  const startedAt = performance.now();
  try {
    if (!isSignedOut && !document.hidden) await refresh();
    if (!isSignedOut) setText('problem', '');
  } catch (error) {
    isSignedOut = error.status === 401;
    setText('problem', error.status ? error.message : 'The media server does not answer; trying again.');
  }
  element('sign-in').hidden = !isSignedOut;
  clearTimeout(nextRefresh);
  nextRefresh = setTimeout(refreshNow, Math.max(REFRESH_MS, REST_PER_WORK * (performance.now() - startedAt)));
}

/** Asks, ends streams, and shows the result until the next call. */
async function end(askAndEnd) {
  setText('outcome', '');
  setText('failure', '');
  try {
    const outcome = await askAndEnd();
    setText('outcome', outcome.done);
    setText('failure', outcome.failed);
  } catch (error) {
    setText('failure', error.status ? error.message : 'The media server does not answer.');
  }
  await refreshNow();
  // The row whose button had the focus may be gone.
  if (document.activeElement === document.body) form.elements.search.focus();
}

form.addEventListener('submit', (event) => {
  event.preventDefault();
  void end(async () => confirmEnd(await filterOfShown()));
});
form.addEventListener('input', refreshNow);
document.addEventListener('visibilitychange', refreshNow);
element('sign-in').addEventListener('click', () => {
  isSignedOut = false;
  void refreshNow();
});
void refreshNow();
