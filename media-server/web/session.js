// A WHIP or WHEP session in a browser: offer, answer, the event stream that says why the server ended it, and the end.

const EVENT_RELS = [
  'urn:ietf:params:whep:ext:core:server-sent-events',
  'urn:sluice:params:whip:ext:server-sent-events',
];
const LAYER_REL = 'urn:ietf:params:whep:ext:core:layer';

/** What the server said instead of 201. */
export class Refused extends Error {
  constructor(status, detail, retryAfter) {
    super(detail);
    this.status = status;
    this.retryAfter = retryAfter;
  }
}

/**
 * Starts a session on a peer connection that has its transceivers.
 * Callbacks: onLive(), onEnded(info) exactly once and not after stop(), onLayers(ids).
 */
export async function startSession(connection, url, token, callbacks) {
  await connection.setLocalDescription();
  await gathered(connection);
  const headers = { 'content-type': 'application/sdp', ...(token ? { authorization: `Bearer ${token}` } : {}) };
  const response = await fetch(url, { method: 'POST', headers, body: connection.localDescription.sdp });
  if (response.status !== 201) throw await refusal(response);
  const location = new URL(response.headers.get('location'), response.url);
  const links = parseLinks(response.headers.get('link') ?? '');
  const session = new Session(connection, location, links, callbacks);
  await connection.setRemoteDescription({ type: 'answer', sdp: await response.text() });
  return session;
}

class Session {
  #connection;
  #location;
  #layerUrl;
  #callbacks;
  #events;
  #over = false;

  constructor(connection, location, links, callbacks) {
    this.#connection = connection;
    this.#location = location;
    this.#layerUrl = links.get(LAYER_REL);
    this.#callbacks = callbacks;
    connection.addEventListener('connectionstatechange', () => this.#stateChanged());
    const events = EVENT_RELS.map((rel) => links.get(rel)).find(Boolean);
    if (events) this.#follow(new URL(events, location));
  }

  /** Ends the session from this side. */
  async stop() {
    if (this.#over) return;
    this.#over = true;
    this.#events?.close();
    // Before the connection is closed, or the server takes it for a client that went away.
    await fetch(this.#location, { method: 'DELETE', keepalive: true }).catch(() => undefined);
    this.#connection.close();
  }

  /** null = the best layer that the bandwidth allows. */
  async selectLayer(encodingId) {
    const headers = { 'content-type': 'application/json' };
    await fetch(new URL(this.#layerUrl, this.#location), {
      method: 'POST',
      headers,
      body: JSON.stringify({ encodingId }),
    });
  }

  #follow(url) {
    this.#events = new EventSource(url);
    this.#events.addEventListener('status', ({ data }) => {
      const { info, status } = JSON.parse(data);
      if (['UNPUBLISHED', 'STOPPED', 'FAILED'].includes(status)) this.#ended(info || status);
    });
    this.#events.addEventListener('layers', ({ data }) => {
      const layers = Object.values(JSON.parse(data)).flatMap(({ layers: all }) =>
        all.map(({ encodingId }) => encodingId),
      );
      this.#callbacks.onLayers?.(layers);
    });
  }

  #stateChanged() {
    const state = this.#connection.connectionState;
    if (state === 'connected') this.#callbacks.onLive();
    // The event stream usually says why; it gets a moment to do so.
    if (state === 'failed' || state === 'closed') setTimeout(() => this.#ended('The connection was closed'), 500);
  }

  #ended(info) {
    if (this.#over) return;
    this.#over = true;
    this.#events?.close();
    this.#connection.close();
    this.#callbacks.onEnded(info);
  }
}

/** All candidates in one offer: the server needs none to be trickled. */
function gathered(connection) {
  if (connection.iceGatheringState === 'complete') return Promise.resolve();
  return new Promise((resolve) => {
    const check = () => connection.iceGatheringState === 'complete' && resolve();
    connection.addEventListener('icegatheringstatechange', check);
    setTimeout(resolve, 1000);
  });
}

async function refusal(response) {
  const problem = await response.json().catch(() => ({}));
  return new Refused(
    response.status,
    problem.detail ?? response.statusText,
    Number(response.headers.get('retry-after')),
  );
}

function parseLinks(header) {
  const links = [...header.matchAll(/<([^>]*)>([^,<]*(?:"[^"]*"[^,<]*)*)/g)];
  return new Map(links.map(([, url, parameters]) => [/rel="([^"]*)"/.exec(parameters)?.[1] ?? '', url]));
}
