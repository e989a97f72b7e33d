// The console: the live list, ending by filter with a dry run first, and why streams ended. Public REST API only.
import { element } from './stage.js';

const REFRESH_MS = 1000;
let token = sessionStorage.getItem('token') ?? '';

class ApiError extends Error {
  constructor(status, detail) {
    super(detail);
    this.status = status;
  }
}

/** A call of the REST API; asks for a token when one is needed. A 404 without problem is an answer like any other. */
async function api(path, body) {
  const headers = {
    ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    ...(token ? { authorization: `Bearer ${token}` } : {}),
  };
  const options = body === undefined ? { headers } : { method: 'POST', headers, body: JSON.stringify(body) };
  const response = await fetch(`/rest-api${path}`, options);
  if (response.status === 401) {
    await askForToken();
    return api(path, body);
  }
  const answer = await response.json();
  if (response.headers.get('content-type')?.startsWith('application/problem'))
    throw new ApiError(response.status, answer.detail);
  return answer;
}

let asking = null;
function askForToken() {
  asking ??= new Promise((resolve) => {
    const dialog = element('login');
    dialog.showModal();
    dialog.addEventListener(
      'close',
      () => {
        token = dialog.querySelector('input').value.trim();
        sessionStorage.setItem('token', token);
        asking = null;
        resolve();
      },
      { once: true },
    );
  });
  return asking;
}

const find = (filter) => api('/stream/find', filter).catch(noneWhenNotFound);

function noneWhenNotFound(error) {
  if (error.status === 404) return [];
  throw error;
}

/** The filter of the toolbar, as the API takes it. */
function readFilter() {
  const { appKey, name, published } = element('filter').elements;
  return {
    ...(name.value ? { name: name.value } : {}),
    ...(appKey.value ? { appKey: appKey.value } : {}),
    ...(published.value ? { published: published.value === 'true' } : {}),
  };
}

async function refresh() {
  try {
    const [live, ended] = await Promise.all([find(readFilter()), api('/stream/ended')]);
    showRows('live', live, liveRow);
    showRows('ended', ended, endedRow);
    element('count').textContent = live.length;
    element('end-all').disabled = live.length === 0;
    element('notice').textContent = '';
  } catch (error) {
    element('notice').textContent = error instanceof ApiError ? error.message : 'The media server does not answer.';
  }
}

/** Rows are kept by key, so that a focused button survives a refresh. */
function showRows(id, streams, build) {
  const body = element(id);
  const rows = new Map([...body.rows].map((row) => [row.dataset.key, row]));
  body.replaceChildren(
    ...streams.map((stream) => updated(rows.get(stream.mediaSessionId), build(stream), stream.mediaSessionId)),
  );
  element(`${id}-empty`).hidden = streams.length > 0;
}

function updated(old, fresh, key) {
  fresh.dataset.key = key;
  return old?.textContent === fresh.textContent ? old : fresh;
}

function liveRow(stream) {
  const button = Object.assign(document.createElement('button'), {
    className: 'small danger',
    textContent: 'End…',
    type: 'button',
  });
  button.setAttribute('aria-label', `End ${direction(stream)} ${stream.name}`);
  button.addEventListener('click', () => confirmEnd({ mediaSessionId: stream.mediaSessionId }));
  return row([
    stream.name,
    stream.appKey,
    direction(stream),
    tag(stream.status),
    [stream.videoCodec, stream.audioCodec].filter(Boolean).join(', '),
    time(stream.createDate),
    idCell(stream),
    endCell(button),
  ]);
}

function endedRow(stream) {
  return row([time(stream.endedAt), stream.name, stream.appKey, direction(stream), stream.info, idCell(stream)]);
}

function row(cells) {
  const tr = document.createElement('tr');
  tr.append(
    ...cells.map((cell) => {
      if (cell instanceof HTMLTableCellElement) return cell;
      const td = document.createElement('td');
      td.append(cell);
      return td;
    }),
  );
  return tr;
}

function cellOf(className, content) {
  const td = Object.assign(document.createElement('td'), { className });
  td.append(content);
  return td;
}

const idCell = ({ mediaSessionId }) => cellOf('id', mediaSessionId.slice(0, 8));
const endCell = (button) => cellOf('end', button);
const direction = ({ published }) => (published ? 'publication' : 'playback');
const time = (ms) => new Date(ms).toLocaleTimeString();

function tag(status) {
  const live = status === 'PUBLISHING' || status === 'PLAYING';
  return Object.assign(document.createElement('span'), { className: live ? 'tag live' : 'tag', textContent: status });
}

/** Shows what a terminate would end, and ends it only when that is confirmed. */
async function confirmEnd(filter) {
  try {
    const dryRun = await api('/stream/terminate?dryRun=true', filter);
    const streams = await find(filter);
    const everything = Object.keys(filter).length === 0;
    const number = `${dryRun.matched} ${dryRun.matched === 1 ? 'stream' : 'streams'}`;
    element('confirm-text').textContent = everything
      ? `No filter is set: this ends all ${number} of this media server.`
      : `This ends ${number}.`;
    element('confirm-list').replaceChildren(...streams.slice(0, 50).map(listItem));
    element('confirm-end').textContent = everything ? 'End all of them' : `End ${number}`;
    const dialog = element('confirm');
    dialog.returnValue = 'cancel';
    dialog.showModal();
    await new Promise((resolve) => dialog.addEventListener('close', resolve, { once: true }));
    if (dialog.returnValue === 'end') await api('/stream/terminate', filter);
    await refresh();
  } catch (error) {
    element('notice').textContent = error.message;
  }
}

function listItem(stream) {
  const text = `${direction(stream)} ${stream.name} in ${stream.appKey}`;
  return Object.assign(document.createElement('li'), { textContent: text });
}

element('filter').addEventListener('submit', (event) => {
  event.preventDefault();
  void confirmEnd(readFilter());
});
element('filter').addEventListener('input', refresh);

async function keepFresh() {
  await refresh();
  setTimeout(keepFresh, REFRESH_MS);
}
void keepFresh();
