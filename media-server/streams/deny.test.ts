import { describe, expect, it } from 'vitest';
import { systemClock } from '../../process/clock.ts';
import { fakeStream } from '../../test/builders/streams.ts';
import { DenyList } from './deny.ts';

function list() {
  const time = { now: 1000 };
  const deny = new DenyList({
    clock: { ...systemClock, now: () => time.now },
    isProxy: (address) => address === '10.0.0.1',
  });
  return { deny, time };
}

const client = (over: object = {}) => ({
  address: '192.0.2.1',
  isShared: false,
  origin: '',
  version: '',
  token: '',
  ...over,
});

describe('DenyList', () => {
  it('denies the same app, name, direction and client until the entry expires', () => {
    const { deny, time } = list();
    expect(deny.deny(fakeStream({ name: 'a' }), 500)).toBe(true);
    expect(deny.denied('defaultApp', 'a', 'publish', client())).toBe(true);
    expect(deny.denied('defaultApp', 'b', 'publish', client())).toBe(false);
    expect(deny.denied('otherApp', 'a', 'publish', client())).toBe(false);
    expect(deny.denied('defaultApp', 'a', 'play', client())).toBe(false);
    expect(deny.denied('defaultApp', 'a', 'publish', client({ address: '192.0.2.2' }))).toBe(false);
    time.now = 1500;
    expect(deny.denied('defaultApp', 'a', 'publish', client())).toBe(false);
  });

  it('identifies a client by its token first, then by its address', () => {
    const { deny } = list();
    deny.deny(fakeStream({ client: { token: 't' } }), 500);
    expect(deny.denied('defaultApp', 'a', 'publish', client({ token: 't', address: '192.0.2.9' }))).toBe(true);
    expect(deny.denied('defaultApp', 'a', 'publish', client())).toBe(false);
  });

  it('adds no entry for a client that cannot be identified', () => {
    const { deny } = list();
    expect(deny.deny(fakeStream({ client: { address: '10.0.0.1' } }), 500)).toBe(false);
    expect(deny.deny(fakeStream({ client: { address: '' } }), 500)).toBe(false);
    expect(deny.deny(fakeStream({ client: { isShared: true } }), 500)).toBe(false);
    expect(deny.deny(fakeStream({ client: { isShared: true, token: 't' } }), 500)).toBe(true);
  });

  it('cannot be evaded by a header that makes an address look shared', () => {
    const { deny } = list();
    deny.deny(fakeStream({ name: 'a' }), 500);
    expect(deny.denied('defaultApp', 'a', 'publish', client({ isShared: true }))).toBe(true);
  });

  it('holds 10,000 entries, and drops expired ones to make room', () => {
    const { deny, time } = list();
    for (let index = 0; index < 10_000; index++) deny.deny(fakeStream({ name: `s${index}` }), 500);
    expect(deny.deny(fakeStream({ name: 'one more' }), 500)).toBe(false);
    time.now = 2000;
    expect(deny.deny(fakeStream({ name: 'one more' }), 500)).toBe(true);
  });
});
