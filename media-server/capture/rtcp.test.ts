import { expect, it } from 'vitest';
import { senderReport, timeAnswer } from './rtcp.ts';

it('a sender report says when a packet is presented, and names the source', () => {
  const report = { ssrc: 0x01020304, ms: 500.25, timestamp: 0xfffffffe, packets: 7, octets: 1_000 };
  expect(senderReport(report).toString('hex').match(/.{8}/g)).toEqual([
    // A sender report of seven words in all.
    '80c80006',
    '01020304',
    // Half a second and a quarter of a millisecond after 1970 (RFC 5905 §6).
    '83aa7e80',
    '8010624d',
    'fffffffe',
    '00000007',
    '000003e8',
    // A description of one source: its name, with zeros up to a multiple of four bytes.
    '81ca0004',
    '01020304',
    '01076361',
    '70747572',
    '65000000',
  ]);
});

const hex = (...words: readonly string[]): Buffer => Buffer.from(words.join(''), 'hex');
const RECEIVER_REPORT = ['80c90001', '00000000'];
const TIME = ['80cf0004', '00000000', '04000002', 'aaaabbbb', 'ccccdddd'];

it('a receiver that tells its time is answered with its middle bits', () => {
  const answer = timeAnswer(hex(...RECEIVER_REPORT, ...TIME), 0x01020304);
  expect(answer?.toString('hex').match(/.{8}/g)).toEqual([
    // An extended report of six words.
    '80cf0005',
    '01020304',
    // The delay since the last report of one receiver: the smallest.
    '05000003',
    '01020304',
    'bbbbcccc',
    '00000001',
  ]);
});

it('a time is found behind other blocks', () => {
  const packet = hex('80cf0006', '00000000', '01000001', '00000000', ...TIME.slice(2));
  expect(timeAnswer(packet, 1)?.readUInt32BE(16)).toBe(0xbbbbcccc);
});

it.each([
  ['no bytes', hex()],
  ['reports without a time', hex(...RECEIVER_REPORT)],
  ['half a packet', hex(...TIME).subarray(0, 16)],
  ['a packet that is longer than the bytes', hex('80cfffff', '00000000', '04000002', 'aaaabbbb', 'ccccdddd')],
  ['a block that is cut', hex('80cf0002', '00000000', '04000002')],
])('%s: no answer', (_, packet) => expect(timeAnswer(packet, 1)).toBeNull());
