// The console's tables.

import { element } from './stage.js';

/** More rows would slow the browser down. */
const MAX_ROWS = 200;
/** A socket may have 32 streams. */
const MAX_STREAMS = 4;

/** What opened a session. */
export const KINDS = { whip: 'WHIP', whep: 'WHEP', webSdk: 'Web SDK', capture: 'Capture' };
/** Products in `User-Agent` headers that begin as those of browsers do. Some name those below them as well. */
const PROGRAMS = {
  'OBS-Studio': 'OBS',
  Edg: 'Edge',
  OPR: 'Opera',
  Firefox: 'Firefox',
  Chrome: 'Chrome',
  Version: 'Safari',
};

const idOf = ({ mediaSessionId }) => mediaSessionId;

const direction = ({ published }) => (published ? 'publication' : 'playback');

/** The name of a stream outside the tables. */
export const nameOf = (stream) => `${direction(stream)} ${stream.name} in ${stream.appKey}`;

/** Live streams. `onEnd(stream)` is called when the button of a row is pressed. */
export function showLive(streams, onEnd) {
  showRows('live', streams, idOf, (stream) => [
    stream.name,
    stream.appKey,
    direction(stream),
    tag(stream.status, ['PUBLISHING', 'PLAYING'].includes(stream.status) ? 'live' : ''),
    [stream.videoCodec, stream.audioCodec].filter(Boolean).join(', '),
    moment(stream.createDate),
    shortId(stream.mediaSessionId),
    endButton(nameOf(stream), () => onEnd(stream)),
  ]);
}

/** Captures with their state. `onEnd(stream)` is as for streams; what is not live has nothing to end. */
export function showCaptures(captures, onEnd) {
  showRows('captures', captures, idOf, (capture) => {
    const isLive = capture.state === 'live';
    return [
      capture.name,
      capture.appKey,
      capture.mediaProvider,
      stateOf(capture),
      [capture.videoCodec, capture.audioCodec].filter(Boolean).join(', '),
      moment(isLive ? capture.createDate : capture.endedAt),
      shortId(capture.mediaSessionId),
      isLive ? endButton(`capture ${capture.name} in ${capture.appKey}`, () => onEnd(capture)) : '',
    ];
  });
}

const CAPTURE_TAGS = { live: 'live', held: 'failed', ended: '' };

/** With the cause of the end, such as `held: Stopped by rest /terminate`. */
function stateOf({ info, state }) {
  return tag(state === 'live' ? state : `${state}: ${info}`, CAPTURE_TAGS[state]);
}

/** Sessions with those of the given streams that are theirs. `onEnd(session)` is as for streams. */
export function showSessions(sessions, streams, onEnd) {
  const streamsOf = Map.groupBy(streams, ({ sessionId }) => sessionId);
  showRows(
    'sessions',
    sessions,
    ({ sessionId }) => sessionId,
    (session) => [
      tag(KINDS[session.kind] ?? session.kind, ''),
      session.appKey,
      streamTags(streamsOf.get(session.sessionId) ?? []),
      client(session),
      moment(session.createDate),
      shortId(session.sessionId),
      endButton(`session ${session.sessionId.slice(0, 8)} in ${session.appKey}`, () => onEnd(session)),
    ],
  );
}

/** Ended streams with their causes. */
export function showEnded(streams) {
  showRows('ended', streams, idOf, (stream) => [
    moment(stream.endedAt),
    stream.name,
    stream.appKey,
    direction(stream),
    tag(stream.info, stream.status === 'FAILED' ? 'failed' : ''),
    duration(stream.endedAt - stream.createDate),
    shortId(stream.mediaSessionId),
  ]);
}

/** Keeps unchanged rows in place, so that focus and selection survive a refresh. */
function showRows(id, objects, keyOf, cellsOf) {
  const body = element(id);
  const shown = objects.slice(0, MAX_ROWS);
  const old = new Map([...body.rows].map((row) => [row.dataset.key, row]));
  const rows = shown.map((object) => renewed(old.get(keyOf(object)), rowOf(keyOf(object), cellsOf(object))));
  const kept = new Set(rows);
  for (const row of [...body.rows]) if (!kept.has(row)) row.remove();
  rows.forEach((row, index) => {
    if (body.rows[index] !== row) body.insertBefore(row, body.rows[index] ?? null);
  });
  element(`${id}-empty`).hidden = objects.length > 0;
  const more = element(`${id}-more`);
  if (more)
    more.textContent = objects.length > MAX_ROWS ? `and ${objects.length - MAX_ROWS} more; search for them` : '';
}

function renewed(old, fresh) {
  if (!old || old.textContent === fresh.textContent) return old ?? fresh;
  const hadFocus = old.contains(document.activeElement);
  old.replaceWith(fresh);
  if (hadFocus) fresh.querySelector('button')?.focus();
  return fresh;
}

function rowOf(key, cells) {
  const tr = document.createElement('tr');
  tr.dataset.key = key;
  for (const cell of cells) tr.insertCell().append(cell);
  return tr;
}

function tag(text, kind) {
  return Object.assign(document.createElement('span'), { className: `tag ${kind}`, textContent: text });
}

function streamTags(streams) {
  const tags = document.createElement('div');
  tags.className = 'tags';
  const shown = streams.slice(0, MAX_STREAMS).map((stream) => tag(`${direction(stream)} ${stream.name}`, ''));
  tags.append(...shown);
  if (streams.length > MAX_STREAMS) tags.append(tag(`and ${streams.length - MAX_STREAMS} more`, ''));
  return tags;
}

/** The program of a client. What it says of itself, and its page, are in the tooltip. */
function client({ clientVersion, kind, origin }) {
  const span = document.createElement('span');
  span.textContent = kind === 'webSdk' ? `SDK ${clientVersion}` : programOf(clientVersion);
  span.title = [clientVersion, origin].filter(Boolean).join('\n');
  return span;
}

function programOf(userAgent) {
  for (const [product, name] of Object.entries(PROGRAMS)) {
    const [, version] = new RegExp(`${product}/(\\d+)`).exec(userAgent) ?? [];
    if (version) return `${name} ${version}`;
  }
  return userAgent.split(/[\s(]/, 1)[0].replace('/', ' ').slice(0, 40);
}

function shortId(id) {
  return Object.assign(document.createElement('span'), { className: 'id', title: id, textContent: id.slice(0, 8) });
}

function endButton(name, onEnd) {
  const content = { className: 'small danger', type: 'button', textContent: 'End…' };
  const button = Object.assign(document.createElement('button'), content);
  button.setAttribute('aria-label', `End ${name}`);
  button.addEventListener('click', onEnd);
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
