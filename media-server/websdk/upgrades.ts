import { type IncomingMessage, STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import { WebSocketServer } from 'ws';
import { WEB_SDK_PATH } from '../../crds/schema/web-sdk.ts';
import { MAX_FRAME_BYTES } from './frame.ts';
import { FrameSocket } from './frame-socket.ts';

/** Sockets on the ports of `rest`; on ports of their own, sockets have any path. */
const PATH = new RegExp(`^${WEB_SDK_PATH}(?:[/?]|$)`);
/** How long a client may take to answer a close frame. */
const CLOSE_MS = 5_000;

export type UpgradeDeps = {
  /** Origins of pages that may connect, `*` = any; read at each upgrade. Browsers do not apply CORS to sockets. */
  readonly origins: () => readonly string[];
  /** Open sockets that the pod may have, 0 = no limit. */
  readonly mostSockets: () => number;
  readonly sockets: () => number;
  readonly draining: () => boolean;
  /** Whether too many sockets say nothing, of the client of a request or in all. */
  readonly isCrowded: (request: IncomingMessage) => boolean;
  readonly accept: (socket: FrameSocket, request: IncomingMessage) => void;
  readonly refused: (reason: UpgradeRefusal, request: IncomingMessage) => void;
};

/** Why a socket is not opened, the metric label `reason`: closed set. */
export const UPGRADE_REFUSALS = ['origin', 'limit', 'silent_limit', 'draining'] as const;
export type UpgradeRefusal = (typeof UPGRADE_REFUSALS)[number];
type Refusal = { readonly reason: UpgradeRefusal; readonly status: 403 | 503 };

/** Parts of a message, and of what waits for one: each part keeps the whole chunk of the network in which it came. */
const MAX_FRAGMENTS = 32;
const MAX_BUFFERED_CHUNKS = 4_096;

/** Some of these options are not in the types. */
const OPTIONS = {
  noServer: true,
  clientTracking: false,
  perMessageDeflate: false,
  maxPayload: MAX_FRAME_BYTES,
  closeTimeout: CLOSE_MS,
  maxFragments: MAX_FRAGMENTS,
  maxBufferedChunks: MAX_BUFFERED_CHUNKS,
};

/** Opens WebSockets (RFC 6455) for requests of HTTP servers. */
export class Upgrades {
  readonly #deps: UpgradeDeps;
  readonly #server = new WebSocketServer(OPTIONS);

  constructor(deps: UpgradeDeps) {
    this.#deps = deps;
  }

  /** Answers an upgrade. Nothing is left of one that is refused. */
  take(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const refusal = this.#refusalOf(request);
    if (refusal) {
      this.#deps.refused(refusal.reason, request);
      refuse(socket, refusal.status);
      return;
    }
    this.#server.handleUpgrade(request, socket, head, (ws) => this.#deps.accept(new FrameSocket(ws, socket), request));
  }

  #refusalOf(request: IncomingMessage): Refusal | null {
    const { draining, isCrowded, mostSockets, origins, sockets } = this.#deps;
    const { headers } = request;
    const allowed = origins();
    // Only browsers send an origin; other clients could send any.
    const isAllowed = headers.origin === undefined || allowed.includes('*') || allowed.includes(headers.origin);
    if (!isAllowed) return { reason: 'origin', status: 403 };
    if (draining()) return { reason: 'draining', status: 503 };
    const limit = mostSockets();
    if (limit > 0 && sockets() >= limit) return { reason: 'limit', status: 503 };
    return isCrowded(request) ? { reason: 'silent_limit', status: 503 } : null;
  }
}

/** Whether a request asks for a WebSocket. */
export function isUpgrade({ headers, method }: IncomingMessage): boolean {
  return method === 'GET' && headers.upgrade?.toLowerCase() === 'websocket';
}

/** Whether a request on a port of `rest` asks for a socket of the Web SDK. All others are ordinary requests. */
export function isWebSdkUpgrade(request: IncomingMessage): boolean {
  return isUpgrade(request) && PATH.test(request.url ?? '');
}

function refuse(socket: Duplex, status: number): void {
  // The client may be gone.
  socket.on('error', () => socket.destroy());
  socket.once('finish', () => socket.destroy());
  socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
}
