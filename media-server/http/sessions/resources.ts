import { randomBytes } from 'node:crypto';
import type { Stream } from '../../streams/stream.ts';

/**
 * The WHIP and WHEP resources of this pod. The secret of a resource is part of its Location URL: to know the id of a
 * stream gives no power over it.
 */
export class Resources {
  readonly #bySecret = new Map<string, Stream>();

  /** Makes a resource of a stream, until the stream begins to end. Returns its secret. */
  add(stream: Stream): string {
    const secret = randomBytes(24).toString('base64url');
    if (stream.cause === null) {
      this.#bySecret.set(secret, stream);
      stream.signal.addEventListener('abort', () => this.#bySecret.delete(secret), { once: true });
    }
    return secret;
  }

  get(secret: string): Stream | undefined {
    return this.#bySecret.get(secret);
  }
}
