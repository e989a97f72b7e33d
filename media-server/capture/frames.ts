/**
 * Takes the frames of RFC 4571 out of a byte stream: a length of 16 bits, then a packet. Chunks of the stream may end
 * anywhere. A packet is valid until the next call: it may share memory with the chunk.
 */
export class FrameReader {
  #rest: Buffer = Buffer.alloc(0);

  /** The packets that are complete with this chunk. */
  *read(chunk: Buffer): Generator<Buffer> {
    const bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    let at = 0;
    while (at + LENGTH_BYTES <= bytes.length) {
      const end = at + LENGTH_BYTES + bytes.readUInt16BE(at);
      if (end > bytes.length) break;
      yield bytes.subarray(at + LENGTH_BYTES, end);
      at = end;
    }
    this.#rest = bytes.subarray(at);
  }
}

const LENGTH_BYTES = 2;
