// A WHIP or WHEP session in a browser: offer, answer, event stream and end.

const EVENT_RELS = [
  'urn:ietf:params:whep:ext:core:server-sent-events',
  'urn:sluice:params:whip:ext:server-sent-events',
];
const LAYER_REL = 'urn:ietf:params:whep:ext:core:layer';
const FINAL = ['UNPUBLISHED', 'STOPPED', 'FAILED'];

/**
 * Starts a session on a peer connection that has its transceivers. Throws with the server's message if it refuses.
 * Callbacks: onLive(), onLost() if packets stop but may resume, onLayers(ids), and onEnded(info) at most once and never
 * after stop().
 */
export async function startSession(connection, url, token, callbacks) {
  await connection.setLocalDescription();
  await gathered(connection);
  const headers = { 'content-type': 'application/sdp', ...(token ? { authorization: `Bearer ${token}` } : {}) };
  const response = await fetch(url, { method: 'POST', headers, body: connection.localDescription.sdp });
  if (response.status !== 201) throw new Error(await refusal(response));
  const location = new URL(response.headers.get('location') ?? '', response.url);
  const links = parseLinks(response.headers.get('link') ?? '');
  const session = new Session(connection, location, links, callbacks);
  try {
    await connection.setRemoteDescription({ type: 'answer', sdp: await response.text() });
  } catch (error) {
    await session.stop();
    throw error;
  }
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
    // Sent before the connection is closed, so that the server does not count it as a disconnect.
    await fetch(this.#location, { method: 'DELETE', keepalive: true }).catch(() => undefined);
    this.#connection.close();
  }

  /** null = the best layer that the bandwidth allows. Throws with the server's message if it refuses. */
  async selectLayer(encodingId) {
    const response = await fetch(new URL(this.#layerUrl, this.#location), {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ encodingId }),
    });
    if (!response.ok) throw new Error(await refusal(response));
  }

  #follow(url) {
    this.#events = new EventSource(url);
    this.#events.addEventListener('status', ({ data }) => {
      const { info, status } = JSON.parse(data);
      if (FINAL.includes(status)) this.#ended(info || status);
    });
    this.#events.addEventListener('layers', ({ data }) => {
      const media = Object.values(JSON.parse(data));
      this.#callbacks.onLayers?.(media.flatMap(({ layers }) => layers.map(({ encodingId }) => encodingId)));
    });
  }

  #stateChanged() {
    const state = this.#connection.connectionState;
    if (this.#over) return;
    if (state === 'connected') this.#callbacks.onLive();
    if (state === 'disconnected') this.#callbacks.onLost();
    // Gives the event stream a moment to deliver the reason.
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

/** Gathers all candidates into one offer, so that none need to be trickled. */
function gathered(connection) {
  if (connection.iceGatheringState === 'complete') return Promise.resolve();
  /** @type {Promise<void>} */
  const complete = new Promise((resolve) => {
    const check = () => connection.iceGatheringState === 'complete' && resolve();
    connection.addEventListener('icegatheringstatechange', check);
    setTimeout(resolve, 1000);
  });
  return complete;
}

async function refusal(response) {
  const problem = await response.json().catch(() => ({}));
  return problem.detail ?? `The media server answered ${response.status} ${response.statusText}`;
}

function parseLinks(header) {
  const links = [...header.matchAll(/<([^>]*)>([^,<]*(?:"[^"]*"[^,<]*)*)/g)];
  return new Map(links.map(([, url, parameters]) => [/rel="([^"]*)"/.exec(parameters)?.[1] ?? '', url]));
}
