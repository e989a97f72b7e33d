import { describe, expect, it } from 'vitest';
import { dropsIn } from './udp-sockets.ts';

const TABLE = `   sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops
  100: 00000000:AD9C 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 11 2 0000000000000000 5
  101: 00000000:AD9D 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 12 2 0000000000000000 7
  102: 0100007F:0035 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 13 2 0000000000000000 900
`;

describe('dropsIn', () => {
  it('sums the drops of sockets on these ports', () => {
    expect(dropsIn(TABLE, new Set([44_444, 44_445]))).toBe(12);
    expect(dropsIn(TABLE, new Set([44_444]))).toBe(5);
    expect(dropsIn(TABLE, new Set([1]))).toBe(0);
  });

  it('is 0 without a table', () => {
    expect(dropsIn('', new Set([44_444]))).toBe(0);
  });
});
