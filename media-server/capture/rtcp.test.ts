import { expect, it } from 'vitest';
import { senderReport } from './sender-report.ts';

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
