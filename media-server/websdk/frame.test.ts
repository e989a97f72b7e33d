import { describe, expect, it } from 'vitest';
import { readFrame, shortFrameOnWire, writeFrame, writeStreamEvent } from './frame.ts';

const nested = (depth: number): string => `{"message":"a","data":${'['.repeat(depth)}${']'.repeat(depth)}}`;

describe('readFrame', () => {
  it.each<[string, string, unknown]>([
    ['a message', '{"message":"ping","data":[null]}', { name: 'ping', content: null }],
    ['what idle pages send', '{"message":"pong","data":[null]}', { name: 'pong', content: null }],
    ['the same, written otherwise', '{"data":[null],"message":"pong"}', { name: 'pong', content: null }],
    ['only the first element', '{"message":"a","data":[{"b":1},2]}', { name: 'a', content: { b: 1 } }],
    ['a message without content', '{"message":"a","data":[]}', { name: 'a', content: undefined }],
    ['a message of 32 levels', nested(31), { name: 'a', content: expect.anything() }],
    ['no JSON', 'hello', 'not JSON'],
    ['nothing', '', 'not JSON'],
    ['half a frame', '{"message":"a","data":[', 'not JSON'],
    ['null', 'null', 'message is not a string'],
    ['a text', '"a"', 'message is not a string'],
    ['no name', '{"data":[]}', 'message is not a string'],
    ['a number as name', '{"message":1,"data":[]}', 'message is not a string'],
    ['no data', '{"message":"a"}', 'data is not an array'],
    ['data that is an object', '{"message":"a","data":{"0":1}}', 'data is not an array'],
    ['a message of 33 levels', nested(32), 'nested too deeply'],
    ['arrays as deep as fits', nested(100_000), 'nested too deeply'],
    ['5,000 values', `{"message":"a","data":[${'0,'.repeat(4_994)}0]}`, { name: 'a', content: 0 }],
    ['one more', `{"message":"a","data":[${'0,'.repeat(4_995)}0]}`, 'too many values'],
    ['half of a surrogate pair', '{"message":"a","data":["\\ud800"]}', 'a text is not Unicode'],
    ['the same as a key', '{"message":"a","data":[{"\\udfff":1}]}', 'a text is not Unicode'],
    ['a surrogate pair', '{"message":"a","data":["\\ud83d\\ude00"]}', { name: 'a', content: '😀' }],
  ])('reads %s', (_what, text, expected) => {
    expect(readFrame(text)).toEqual(expected);
  });

  it('makes no prototype of a field', () => {
    const frame = readFrame('{"message":"a","data":[{"__proto__":{"name":"b"}}]}');
    expect(Object.getPrototypeOf((frame as { content: object }).content)).toBe(Object.prototype);
  });
});

describe('writeFrame', () => {
  it('always writes an array', () => {
    expect(writeFrame('ping', null)).toBe('{"message":"ping","data":[null]}');
    expect(writeFrame('setRemoteSDP', 'id', 'v=0', true)).toBe('{"message":"setRemoteSDP","data":["id","v=0",true]}');
  });
});

describe('writeStreamEvent', () => {
  it('is the message that writeFrame would write', () => {
    const event = { type: 'data', payload: { a: ['"', '}'] } };
    const mediaSessionId = '"\\v';
    const expected = writeFrame('notifyStreamEvent', { mediaSessionId, ...event });
    expect(writeStreamEvent(mediaSessionId, JSON.stringify(event))).toBe(expected);
  });
});

describe('shortFrameOnWire', () => {
  it('has two bytes before the text, and refuses a longer one', () => {
    const text = '{"message":"ping","data":[null]}';
    expect(shortFrameOnWire('ping', null)).toEqual(
      Buffer.concat([Buffer.from([0x81, text.length]), Buffer.from(text)]),
    );
    expect(() => shortFrameOnWire('x'.repeat(125))).toThrow('do not fit into a short frame');
  });
});
