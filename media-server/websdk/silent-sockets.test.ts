import { describe, expect, it } from 'vitest';
import { SilentSockets } from './silent-sockets.ts';

/** Opens sockets until no more are allowed, and returns how many there are. */
function fill(silent: SilentSockets, addressOf: (index: number) => string): number {
  let count = 0;
  for (; !silent.isFull(addressOf(count)); count++) silent.enter(addressOf(count));
  return count;
}

describe('silent sockets', () => {
  it.each([
    [5_000, 312, 1_250],
    [0, 312, 1_250],
    [320, 20, 80],
    [3, 16, 16],
  ])('of a pod with at most %i sockets are %i of one client, and %i in all', (most, ofOne, inAll) => {
    expect(fill(new SilentSockets(() => most), () => '192.0.2.1')).toBe(ofOne);
    expect(fill(new SilentSockets(() => most), (index) => `192.0.2.${index}`)).toBe(inAll);
  });

  it('of one client do not keep others out, and no longer count once they have spoken', () => {
    const silent = new SilentSockets(() => 320);
    const spoken = Array.from({ length: 20 }, () => silent.enter('192.0.2.1'));
    expect([silent.isFull('192.0.2.1'), silent.isFull('192.0.2.2')]).toEqual([true, false]);
    spoken[0]?.();
    expect(silent.isFull('192.0.2.1')).toBe(false);
    for (const leave of spoken.slice(1)) leave();
    expect(fill(silent, (index) => `192.0.2.${index}`)).toBe(80);
  });

  it.each([
    ['2001:db8:0:1::1', '2001:db8:0:1:ffff::', true],
    ['2001:db8::1', '2001:db8:0:0:1::', true],
    ['::1', '::2', true],
    ['2001:db8:0:1::1', '2001:db8:0:2::1', false],
  ])('of %s and of %s are of one network: %s', (one, other, isOne) => {
    const silent = new SilentSockets(() => 1);
    for (let count = 0; count < 15; count++) silent.enter(one);
    silent.enter(other);
    expect(silent.isFull(one)).toBe(true);
    const alone = new SilentSockets(() => 320);
    for (let count = 0; count < 20; count++) alone.enter(one);
    expect(alone.isFull(other)).toBe(isOne);
  });
});
