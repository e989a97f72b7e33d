// Asks for the credentials of the REST API. They stay in the tab's session.

import { element } from './stage.js';

/** @type {Promise<string | null> | null} */
let asking = null;

/**
 * Asks for credentials. Resolves with the value of `Authorization`, or null if the user cancels. `challenge` is the
 * server's `WWW-Authenticate`; `again` is true if earlier credentials were rejected. Concurrent calls share one dialog.
 */
export function askForCredentials(challenge, again) {
  asking ??= ask(challenge, again).finally(() => {
    asking = null;
  });
  return asking;
}

async function ask(challenge, again) {
  const dialog = element('login');
  const { secret, user } = element('login-form').elements;
  const isBasic = /^basic\b/i.test(challenge);
  element('login-user').hidden = !isBasic;
  user.required = isBasic;
  element('login-what').textContent = isBasic ? 'Password' : 'Token';
  element('login-error').textContent = again ? 'That was not accepted.' : '';
  secret.value = '';
  dialog.returnValue = 'cancel';
  dialog.showModal();
  await new Promise((resolve) => dialog.addEventListener('close', resolve, { once: true }));
  if (dialog.returnValue !== 'ok') return null;
  return isBasic ? `Basic ${base64(`${user.value}:${secret.value}`)}` : `Bearer ${secret.value.trim()}`;
}

/** Of the UTF-8 bytes (RFC 7617 §2.1); `btoa` takes one character per byte. */
function base64(text) {
  return btoa(String.fromCharCode(...new TextEncoder().encode(text)));
}
