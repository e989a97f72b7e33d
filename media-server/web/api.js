// The REST API as the console calls it, and how the user signs in when it asks for that.

import { askForCredentials } from './login.js';

/** Says what went wrong in the server's own words. */
export class ApiError extends Error {
  constructor(status, detail) {
    super(detail);
    this.status = status;
  }
}

/** Beside this folder, also behind a proxy that takes a prefix off. */
const REST_API = new URL('../rest-api', import.meta.url).href;

let authorization = sessionStorage.getItem('authorization') ?? '';

/** A call of the REST API: GET without a body, else POST. Asks for credentials when they are needed; throws an ApiError. */
export async function api(path, body) {
  const used = authorization;
  const response = await fetch(`${REST_API}${path}`, options(body));
  if (response.status !== 401) return readAnswer(response);
  // Another call may have signed in meanwhile.
  if (used === authorization) await signIn(response);
  return api(path, body);
}

/** @returns {RequestInit} */
function options(body) {
  // Without `omit` the browser would ask for a Basic password in its own way.
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
  if (entered === null) throw new ApiError(401, 'The REST API asks for credentials.');
  authorization = entered;
  sessionStorage.setItem('authorization', authorization);
}

/** Of a terminate also 404 and 503 are answers; problems say `detail`. */
async function readAnswer(response) {
  const isProblem = response.headers.get('content-type')?.startsWith('application/problem') ?? false;
  const answer = await response.json().catch(() => null);
  if (answer === null) throw new ApiError(response.status, `The media server answered ${response.status}.`);
  if (isProblem) throw new ApiError(response.status, answer.detail);
  return answer;
}

/** Streams that match; none is an empty list. */
export function findStreams(filter) {
  return api('/stream/find', filter).catch((error) => {
    if (error.status === 404) return [];
    throw error;
  });
}
