/** Bytes of a frame; an SDP offer with all codecs of Chromium has 8 KiB. */
export const MAX_FRAME_BYTES = 256 * 1024;
/** Objects and arrays inside each other. */
const MAX_DEPTH = 32;
/** Values in a frame, keys included; the largest message of the SDK has about 50. */
const MAX_VALUES = 5_000;

/** The length of a longer frame needs more bytes. */
const MAX_SHORT_BYTES = 125;

/** One message of the vendor's Web SDK: `{"message": name, "data": [content]}`. */
export type Frame = { readonly name: string; readonly content: unknown };
/** Why a text frame holds no message: closed set. */
export type FrameFault =
  | 'not JSON'
  | 'message is not a string'
  | 'data is not an array'
  | 'nested too deeply'
  | 'too many values'
  | 'a text is not Unicode';

/** What idle pages send, as the SDK writes it. It is known without being parsed. */
const PONG: Frame = { name: 'pong', content: null };
const PONG_TEXT = writeFrame(PONG.name, PONG.content);

/** Reads a text frame. All elements of `data` but the first are ignored, as the SDK does. */
export function readFrame(text: string): Frame | FrameFault {
  if (text === PONG_TEXT) return PONG;
  const value = parse(text);
  if (value === undefined) return 'not JSON';
  const fault = faultOf(value);
  if (fault !== null) return fault;
  const { data, message } = Object(value) as { readonly data?: unknown; readonly message?: unknown };
  if (typeof message !== 'string') return 'message is not a string';
  return Array.isArray(data) ? { name: message, content: data[0] } : 'data is not an array';
}

/** A frame for the SDK. `data` must be an array: the SDK reads its first element before the name. */
export function writeFrame(name: string, ...data: readonly unknown[]): string {
  return JSON.stringify({ message: name, data });
}

/** A frame for a viewer; `event` is the JSON of an object with fields, which is written once for all viewers. */
export function writeStreamEvent(mediaSessionId: string, event: string): string {
  return `{"message":"notifyStreamEvent","data":[{"mediaSessionId":${JSON.stringify(mediaSessionId)},${event.slice(1)}]}`;
}

/** A short frame as it is on the wire: one final frame of text, not masked (RFC 6455 §5.2). */
export function shortFrameOnWire(name: string, ...data: readonly unknown[]): Buffer {
  const text = Buffer.from(writeFrame(name, ...data));
  if (text.length > MAX_SHORT_BYTES) throw new Error(`${text.length} bytes do not fit into a short frame`);
  return Buffer.concat([Buffer.from([0x81, text.length]), text]);
}

/** Returns undefined for text that is not JSON, which is no JSON value. */
function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/**
 * Walks level by level: recursion on a client's input could exhaust the stack. A lone surrogate is not Unicode: JSON can
 * carry it, but backends cannot read it (PHP's `json_decode` gives NULL), and a backend that reads nothing kicks nobody.
 */
function faultOf(value: unknown): FrameFault | null {
  let values = 0;
  let level: unknown[] = [value];
  for (let depth = 0; level.length > 0; depth++) {
    values += level.length;
    if (values > MAX_VALUES) return 'too many values';
    if (level.some((each) => typeof each === 'string' && !each.isWellFormed())) return 'a text is not Unicode';
    const nested = level.filter(isNested);
    if (nested.length > 0 && depth === MAX_DEPTH) return 'nested too deeply';
    level = nested.flatMap((each) => (Array.isArray(each) ? each : Object.entries(each).flat()));
  }
  return null;
}

const isNested = (value: unknown): value is object => typeof value === 'object' && value !== null;
