// Calls of the REST API for the console, with sign-in on demand.

import { askForCredentials } from './login.js';

/** An error with the message of the server. */
export class ApiError extends Error {
  constructor(status, detail) {
    super(detail);
    this.status = status;
  }
}

/** Relative to this folder, so that it works behind a proxy that removes a prefix. */
const REST_API = new URL('../rest-api', import.meta.url).href;

/** How often the user has cancelled. */
let cancels = 0;
let authorization = sessionStorage.getItem('authorization') ?? '';

/** Calls the REST API: GET without a body, else POST. Asks for credentials on demand. Throws an ApiError. */
export async function api(path, body) {
  return readAnswer(await call(path, body));
}

async function call(path, body) {
  const used = authorization;
  const cancelsBefore = cancels;
  const response = await fetch(`${REST_API}${path}`, options(body));
  if (response.status !== 401) return response;
  // The user has been asked for another call meanwhile.
  if (cancelsBefore !== cancels) throw signedOut();
  if (used === authorization) await signIn(response);
  return call(path, body);
}

/** @returns {RequestInit} */
function options(body) {
  // `omit` keeps the browser from showing its own dialog for Basic authentication.
  const headers = authorization ? { authorization } : {};
  if (body === undefined) return { credentials: 'omit', headers };
  return {
    credentials: 'omit',
    method: 'POST',
    headers: { ...headers, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  };
}

async function signIn(response) {
  const entered = await askForCredentials(response.headers.get('www-authenticate') ?? '', authorization !== '');
  if (entered === null) {
    cancels += 1;
    throw signedOut();
  }
  authorization = entered;
  sessionStorage.setItem('authorization', authorization);
}

const signedOut = () => new ApiError(401, 'The REST API asks for credentials.');

/** A terminate may also answer 404 and 503 with a result; problems have a `detail`. */
async function readAnswer(response) {
  const isProblem = response.headers.get('content-type')?.startsWith('application/problem') ?? false;
  const answer = await response.json().catch(() => null);
  if (answer === null) throw new ApiError(response.status, `The media server answered ${response.status}.`);
  if (isProblem) throw new ApiError(response.status, answer.detail);
  return answer;
}

/** Finds the streams that match: `{rows, unasked}`. `unasked` names the pods that did not answer; empty = all did. */
export const findStreams = (filter) => find('/stream/find', filter);

/** Finds the sessions that match, in the same way. */
export const findSessions = (filter) => find('/connection/find', filter);

/** Finds the streams that ended last, in the same way. */
export const findEnded = () => find('/stream/ended');

/** As in WCS, the answer is 404 if there is nothing; 503 if a pod that did not answer may have something. */
async function find(path, filter) {
  const response = await call(path, filter);
  const unasked = response.headers.get('sluice-incomplete') ?? '';
  const isEmpty = response.status === 404 || (response.status === 503 && unasked !== '');
  return { rows: isEmpty ? [] : await readAnswer(response), unasked };
}
