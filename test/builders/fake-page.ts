import type { Closing } from '../../media-server/websdk/closings.ts';
import type { PageSocket } from '../../media-server/websdk/connection.ts';
import type { FrameListener } from '../../media-server/websdk/frame-socket.ts';

/** The page's end of a socket of the Web SDK, in memory: what it is sent, and what it sends. */
export class FakePage implements PageSocket {
  /** Messages to the page: the name, then the elements of `data`. */
  readonly got: [string, ...unknown[]][] = [];
  /** Why the server closed the socket; `left` if the page did. */
  closed: Closing | 'left' | null = null;
  /** Whether it does not close its end of the socket. */
  isSlow = false;
  /** Whether it may send frames of full size. */
  isKnown = false;
  #isGone = false;
  #listener: FrameListener | null = null;

  listen(listener: FrameListener): void {
    this.#listener = listener;
  }

  known(): void {
    this.isKnown = true;
  }

  send(name: string, ...data: readonly unknown[]): void {
    if (this.closed === null) this.got.push([name, ...data]);
  }

  ping(): void {
    this.send('ping', null);
  }

  offer(frame: string): void {
    const { data, message } = JSON.parse(frame);
    this.send(message, ...data);
  }

  close(closing: Closing): void {
    this.#close(closing);
  }

  cut(closing: Closing): void {
    this.isSlow = false;
    this.#close(closing);
    this.#goneUnlessSlow();
  }

  /** Sends a message, as the SDK writes it. */
  says(message: string, content: unknown = null): void {
    this.saysText(JSON.stringify({ message, data: [content] }));
  }

  saysText(text: string): void {
    if (this.closed === null) this.#listener?.text(text);
  }

  /** Sends a ping of the WebSocket protocol. */
  pings(): void {
    this.#listener?.control();
  }

  /** The page is closed, or its network is lost. */
  leaves(): void {
    this.#close('left');
  }

  /** The contents of the messages with this name, without their other elements. */
  of(name: string): unknown[] {
    return this.got.filter(([each]) => each === name).map(([, content]) => content);
  }

  #close(closing: Closing | 'left'): void {
    if (this.closed !== null) return;
    this.closed = closing;
    this.#listener?.closed(closing === 'left' ? null : closing);
    this.#goneUnlessSlow();
  }

  #goneUnlessSlow(): void {
    if (this.isSlow || this.#isGone) return;
    this.#isGone = true;
    this.#listener?.gone();
  }
}
