// Ends streams: shows the result of a dry run, then makes the real call once the user confirms.

import { api, findStreams } from './api.js';
import { element } from './stage.js';
import { nameOf } from './tables.js';

const MAX_LISTED = 50;

/** Shows what a terminate would end, and ends it on confirmation. `{done, failed}`: messages, each may be empty. */
export async function confirmEnd(filter) {
  const [dryRun, streams] = await Promise.all([api('/stream/terminate?dryRun=true', filter), findStreams(filter)]);
  if (dryRun.matched === 0) return { done: 'Nothing to end: no stream matches any more.', failed: unasked(dryRun) };
  if (!(await isConfirmed(filter, dryRun, streams))) return { done: '', failed: '' };
  const { matched, pods, terminated } = await api('/stream/terminate', filter);
  const others = matched > terminated ? ` of ${matched}; the others were already ending` : '';
  return { done: `Ended ${count(terminated)}${others}.`, failed: unasked({ pods }) };
}

const count = (number) => `${number} ${number === 1 ? 'stream' : 'streams'}`;

/** Pods that could not be asked. */
function unasked({ pods }) {
  const failed = pods.filter(({ error }) => error !== undefined);
  return failed.map(({ error, pod }) => `Pod ${pod} could not be asked: ${error}. End again to repeat it.`).join(' ');
}

async function isConfirmed(filter, dryRun, streams) {
  const everything = Object.keys(filter).length === 0;
  const dialog = element('confirm');
  const sure = element('confirm-sure');
  const button = element('confirm-end');
  element('confirm-title').textContent = everything ? 'End every stream?' : 'End streams?';
  element('confirm-text').textContent = everything
    ? `No filter is set: this ends all of this media server, now ${count(dryRun.matched)}.`
    : `This ends ${count(dryRun.matched)}.`;
  element('confirm-failure').textContent = unasked(dryRun);
  element('confirm-list').replaceChildren(...listed(streams));
  element('confirm-sure-label').hidden = !everything;
  sure.checked = false;
  sure.onchange = () => {
    button.disabled = !sure.checked;
  };
  button.disabled = everything;
  button.textContent = everything ? 'End all of them' : `End ${count(dryRun.matched)}`;
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
