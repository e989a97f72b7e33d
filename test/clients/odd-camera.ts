import { createServer, type Server, type Socket } from 'node:net';

export type RtspRequest = { readonly method: string; readonly url: string; readonly sequence: string };

/** Answers one request with raw bytes. */
export type RtspAnswer = (socket: Socket, request: RtspRequest, camera: OddCamera) => void;

/** An RTSP server that answers as a test says, also what no camera would answer. */
export class OddCamera {
  readonly requests: string[] = [];
  connections = 0;
  readonly #sockets = new Set<Socket>();
  readonly #server: Server;

  private constructor(answer: RtspAnswer) {
    this.#server = createServer((socket) => {
      this.connections += 1;
      this.#sockets.add(socket);
      socket.on('close', () => this.#sockets.delete(socket));
      socket.on('error', () => undefined);
      let received = '';
      socket.setEncoding('latin1').on('data', (chunk: string) => {
        const heads = `${received}${chunk}`.split('\r\n\r\n');
        received = heads.pop() ?? '';
        for (const request of heads.map(parsed)) {
          this.requests.push(request.method);
          answer(socket, request, this);
        }
      });
    });
  }

  static async start(answer: RtspAnswer, address = '127.0.0.1'): Promise<OddCamera> {
    const camera = new OddCamera(answer);
    await new Promise<void>((resolve) => camera.#server.listen(0, address, resolve));
    return camera;
  }

  get url(): string {
    const at = this.#server.address();
    if (typeof at !== 'object' || at === null) throw new Error('the camera does not listen');
    return `rtsp://${at.address}:${at.port}/stream`;
  }

  async stop(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }
}

function parsed(head: string): RtspRequest {
  const [method = '', url = ''] = head.trimStart().split(' ');
  return { method, url, sequence: /^CSeq: *(\d+)/im.exec(head)?.[1] ?? '' };
}

/** The bytes of an answer: a status such as `404 Not Found`, lines of headers, and a body of an SDP. */
export function rtspAnswer(
  { sequence }: RtspRequest,
  status: string,
  headers: readonly string[] = [],
  sdp = '',
): string {
  const body = sdp === '' ? [] : ['Content-Type: application/sdp', `Content-Length: ${sdp.length}`];
  return [`RTSP/1.0 ${status}`, `CSeq: ${sequence}`, ...headers, ...body, '', sdp].join('\r\n');
}

/** Answers OPTIONS, and everything else as `answer` says. */
export const described =
  (answer: RtspAnswer): RtspAnswer =>
  (socket, request, camera) => {
    if (request.method === 'OPTIONS')
      socket.write(rtspAnswer(request, '200 OK', ['Public: DESCRIBE, SETUP, PLAY, TEARDOWN']));
    else answer(socket, request, camera);
  };

/** Writes the same bytes for ever, as fast as they are read. */
export function flood(socket: Socket, bytes: string): void {
  const more = (): void => {
    while (!socket.destroyed && socket.write(bytes));
  };
  socket.on('drain', more);
  more();
}
