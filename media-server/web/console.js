// The console: live streams, termination by filter with a dry run, and ended streams. Uses the public REST API only.

import { api, findStreams } from './api.js';
import { confirmEnd } from './confirm.js';
import { element } from './stage.js';
import { showEnded, showLive } from './tables.js';

const REFRESH_MS = 1000;
/** A slow list is requested less often. */
const REST_PER_WORK = 5;

const form = element('filter');
let isSignedOut = false;
let nextRefresh = 0;

/** App and direction, which the server can filter by. */
function readFilter() {
  const { appKey, published } = form.elements;
  return {
    ...(appKey.value ? { appKey: appKey.value } : {}),
    ...(published.value ? { published: published.value === 'true' } : {}),
  };
}

const searched = () => form.elements.search.value.trim().toLowerCase();

function matchesSearch({ mediaSessionId, name }) {
  return name.toLowerCase().includes(searched()) || mediaSessionId.startsWith(searched());
}

const findShown = async () => (await findStreams(readFilter())).filter(matchesSearch);

/** The visible streams as a filter of the API. The API cannot search for part of a name, so a search becomes ids. */
async function filterOfShown() {
  if (searched() === '') return readFilter();
  return { mediaSessionIds: (await findShown()).map(({ mediaSessionId }) => mediaSessionId) };
}

async function refresh() {
  const [live, ended, apps] = await Promise.all([findShown(), api('/stream/ended'), api('/app/find_all')]);
  showLive(live, ({ mediaSessionId }) => end(async () => ({ mediaSessionId })));
  showEnded(ended);
  offerApps(apps.map(({ appKey }) => appKey));
  setText('count', live.length);
  const isFiltered = searched() !== '' || Object.keys(readFilter()).length > 0;
  setText('end-all', isFiltered ? 'End these…' : 'End all…');
  setText('live-empty', isFiltered ? 'No stream matches.' : 'No stream is live.');
  element('end-all').disabled = live.length === 0;
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

/** Ends the streams that the filter matches after confirmation. Shows the result until the next call. */
async function end(makeFilter) {
  setText('outcome', '');
  setText('failure', '');
  try {
    const outcome = await confirmEnd(await makeFilter());
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
  void end(filterOfShown);
});
form.addEventListener('input', refreshNow);
document.addEventListener('visibilitychange', refreshNow);
element('sign-in').addEventListener('click', () => {
  isSignedOut = false;
  void refreshNow();
});
void refreshNow();
