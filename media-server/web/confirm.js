// Ends streams and sessions: shows what would end, then makes the real call once the user confirms.

import { api, findStreams } from './api.js';
import { isCaptured } from './captured.js';
import { element } from './stage.js';
import { KINDS, nameOf } from './tables.js';

const MAX_LISTED = 50;

/** Shows what a terminate would end, and ends it on confirmation. `{done, failed}`: messages, each may be empty. */
export async function confirmEnd(filter) {
  const [dryRun, { rows: streams }] = await Promise.all([
    api('/stream/terminate?dryRun=true', filter),
    findStreams(filter),
  ]);
  if (dryRun.matched === 0) return nothingLeft('Nothing to end: no stream matches any more.', unasked(dryRun));
  if (!(await isConfirmed({ ...wordsFor(filter, dryRun), failure: unasked(dryRun), streams }))) return NOTHING;
  const { matched, pods, terminated } = await api('/stream/terminate', filter);
  const others = matched > terminated ? ` of ${matched}; the others were already ending` : '';
  return { done: `Ended ${count(terminated)}${others}.`, failed: unasked({ pods }) };
}

/** Shows the streams of a session, and ends it on confirmation. Answers as `confirmEnd` does. */
export async function confirmEndSession({ appKey, kind, sessionId }) {
  const { rows: streams } = await findStreams({ sessionId });
  const what = streams.length === 0 ? 'It has no streams.' : `It has ${count(streams.length)}.`;
  const text = `This ends a ${KINDS[kind] ?? kind} session in ${appKey}. ${what}`;
  const words = { title: 'End the session?', text, button: 'End the session' };
  if (!(await isConfirmed({ ...words, isEverything: false, failure: '', streams }))) return NOTHING;
  const { pods, terminated } = await api('/connection/terminate', { sessionId });
  if (terminated === 0) return nothingLeft('The session has already ended.', unasked({ pods }));
  return { done: 'Ended the session.', failed: unasked({ pods }) };
}

const CAPTURES_STAY = ' A capture stays ended until somebody starts it again, unless its afterTermination is Restart.';

const NOTHING = { done: '', failed: '' };

/** Nothing was there to end; unless a pod failed, which may have it. */
const nothingLeft = (text, failed) => ({ done: failed === '' ? text : '', failed });

const count = (number) => `${number} ${number === 1 ? 'stream' : 'streams'}`;

/** Pods that could not be asked. */
function unasked({ pods }) {
  const failed = pods.filter(({ error }) => error !== undefined);
  return failed.map(({ error, pod }) => `Pod ${pod} could not be asked: ${error}. End again to repeat it.`).join(' ');
}

function wordsFor(filter, { matched }) {
  const what = count(matched);
  if (Object.keys(filter).length > 0) {
    return { title: 'End streams?', text: `This ends ${what}.`, button: `End ${what}`, isEverything: false };
  }
  const text = `No filter is set: this ends all of this media server, now ${what}.`;
  return { title: 'End every stream?', text, button: 'End all of them', isEverything: true };
}

/** `isEverything`: the user must tick a box first. */
async function isConfirmed({ button, failure, isEverything, streams, text, title }) {
  const dialog = element('confirm');
  const sure = element('confirm-sure');
  const endButton = element('confirm-end');
  element('confirm-title').textContent = title;
  element('confirm-text').textContent = streams.some(isCaptured) ? text + CAPTURES_STAY : text;
  element('confirm-failure').textContent = failure;
  element('confirm-list').replaceChildren(...listed(streams));
  element('confirm-sure-label').hidden = !isEverything;
  sure.checked = false;
  sure.onchange = () => {
    endButton.disabled = !sure.checked;
  };
  endButton.disabled = isEverything;
  endButton.textContent = button;
  dialog.returnValue = 'cancel';
  dialog.showModal();
  await new Promise((resolve) => dialog.addEventListener('close', resolve, { once: true }));
  return dialog.returnValue === 'end';
}

function listed(streams) {
  const items = streams.slice(0, MAX_LISTED).map(nameOf);
  if (streams.length > MAX_LISTED) items.push(`and ${streams.length - MAX_LISTED} more`);
  return items.map((text) => Object.assign(document.createElement('li'), { textContent: text }));
}
