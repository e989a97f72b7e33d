// The console's two tables.

import { element } from './stage.js';

/** More rows would slow the browser down. */
const MAX_ROWS = 200;

const direction = ({ published }) => (published ? 'publication' : 'playback');

/** The name of a stream outside the tables. */
export const nameOf = (stream) => `${direction(stream)} ${stream.name} in ${stream.appKey}`;

/** Live streams. `onEnd(stream)` is called when the button of a row is pressed. */
export function showLive(streams, onEnd) {
  showRows('live', streams, (stream) => [
    stream.name,
    stream.appKey,
    direction(stream),
    tag(stream.status, ['PUBLISHING', 'PLAYING'].includes(stream.status) ? 'live' : ''),
    [stream.videoCodec, stream.audioCodec].filter(Boolean).join(', '),
    moment(stream.createDate),
    shortId(stream),
    endButton(stream, onEnd),
  ]);
}

/** Ended streams with their causes. */
export function showEnded(streams) {
  showRows('ended', streams, (stream) => [
    moment(stream.endedAt),
    stream.name,
    stream.appKey,
    direction(stream),
    tag(stream.info, stream.status === 'FAILED' ? 'failed' : ''),
    duration(stream.endedAt - stream.createDate),
    shortId(stream),
  ]);
}

/** Keeps unchanged rows in place, so that focus and selection survive a refresh. */
function showRows(id, streams, cellsOf) {
  const body = element(id);
  const shown = streams.slice(0, MAX_ROWS);
  const old = new Map([...body.rows].map((row) => [row.dataset.key, row]));
  const rows = shown.map((stream) => renewed(old.get(stream.mediaSessionId), rowOf(stream, cellsOf(stream))));
  const kept = new Set(rows);
  for (const row of [...body.rows]) if (!kept.has(row)) row.remove();
  rows.forEach((row, index) => {
    if (body.rows[index] !== row) body.insertBefore(row, body.rows[index] ?? null);
  });
  element(`${id}-empty`).hidden = streams.length > 0;
  const more = element(`${id}-more`);
  if (more)
    more.textContent = streams.length > MAX_ROWS ? `and ${streams.length - MAX_ROWS} more; search for them` : '';
}

function renewed(old, fresh) {
  if (!old || old.textContent === fresh.textContent) return old ?? fresh;
  const hadFocus = old.contains(document.activeElement);
  old.replaceWith(fresh);
  if (hadFocus) fresh.querySelector('button')?.focus();
  return fresh;
}

function rowOf(stream, cells) {
  const tr = document.createElement('tr');
  tr.dataset.key = stream.mediaSessionId;
  for (const cell of cells) tr.insertCell().append(cell);
  return tr;
}

function tag(text, kind) {
  return Object.assign(document.createElement('span'), { className: `tag ${kind}`, textContent: text });
}

function shortId({ mediaSessionId }) {
  const content = { className: 'id', title: mediaSessionId, textContent: mediaSessionId.slice(0, 8) };
  return Object.assign(document.createElement('span'), content);
}

function endButton(stream, onEnd) {
  const content = { className: 'small danger', type: 'button', textContent: 'End…' };
  const button = Object.assign(document.createElement('button'), content);
  button.setAttribute('aria-label', `End ${nameOf(stream)}`);
  button.addEventListener('click', () => onEnd(stream));
  return button;
}

/** The time of day, with the date if it is not today. */
function moment(ms) {
  const date = new Date(ms);
  const time = Object.assign(document.createElement('time'), { dateTime: date.toISOString() });
  const isToday = date.toDateString() === new Date().toDateString();
  time.textContent = isToday ? date.toLocaleTimeString() : date.toLocaleString();
  return time;
}

function duration(ms) {
  const seconds = Math.max(0, Math.round(ms / 1000));
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  return minutes < 60 ? `${minutes} min ${seconds % 60} s` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
