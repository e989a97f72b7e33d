import { describe, expect, it } from 'vitest';
import { addressFault } from './capture-address.ts';

const ALL = [{ cidr: '0.0.0.0/0' }, { cidr: '::/0' }];
const CAMERAS = [{ cidr: '10.20.0.0/16', except: ['10.20.9.0/24'] }, { cidr: 'fd00:20::/32' }];

describe('addressFault', () => {
  it.each(['10.20.0.7', '10.20.255.255', 'fd00:20::7', 'FD00:20:0:0:0:0:0:7'])('allows %s in its network', (address) =>
    expect(addressFault(address, CAMERAS)).toBeNull(),
  );

  it.each(['10.21.0.7', '10.20.9.7', '192.0.2.1', 'fd00:21::7', '2001:db8::1'])(
    'refuses %s, which is in no network or in an exception',
    (address) =>
      expect(addressFault(address, CAMERAS)).toBe(`${address} is not in spec.capture.allow of the MediaServer`),
  );

  it('allows an address that one network excludes and another one includes', () => {
    expect(addressFault('10.20.9.7', [...CAMERAS, { cidr: '10.20.9.7/32' }])).toBeNull();
  });

  it.each([
    ['127.0.0.1', 'a loopback address'],
    ['127.255.255.254', 'a loopback address'],
    ['::1', 'a loopback address'],
    ['0:0:0:0:0:0:0:1', 'a loopback address'],
    ['::ffff:127.0.0.1', 'a loopback address'],
    ['::ffff:7f00:1', 'a loopback address'],
    ['::127.0.0.1', 'a loopback address'],
    ['64:ff9b::127.0.0.1', 'a loopback address'],
    ['169.254.169.254', 'a link-local address'],
    ['::ffff:169.254.169.254', 'a link-local address'],
    ['::ffff:a9fe:a9fe', 'a link-local address'],
    ['64:ff9b::a9fe:a9fe', 'a link-local address'],
    ['fe80::1', 'a link-local address'],
    ['febf::1', 'a link-local address'],
    ['0.0.0.0', 'an unspecified address'],
    ['0.1.2.3', 'an unspecified address'],
    ['::', 'an unspecified address'],
    ['::ffff:0.0.0.0', 'an unspecified address'],
    ['224.0.0.1', 'a multicast address'],
    ['239.255.255.250', 'a multicast address'],
    ['::ffff:224.0.0.1', 'a multicast address'],
    ['ff02::1', 'a multicast address'],
    ['255.255.255.255', 'a broadcast address'],
  ])('refuses %s whatever is allowed, because it is %s', (address, what) => {
    const own = [{ cidr: `${address}/${address.includes(':') ? 128 : 32}` }];
    for (const allow of [ALL, own]) {
      expect(addressFault(address, allow)).toBe(`${address} is ${what}, which is never captured from`);
    }
  });

  it('allows a mapped form of an address only if its own network is allowed', () => {
    expect(addressFault('::ffff:10.20.0.7', CAMERAS)).toContain('is not in spec.capture.allow');
    expect(addressFault('64:ff9b::10.20.0.7', [{ cidr: '64:ff9b::/96' }])).toBeNull();
  });

  it.each(['', 'camera.example', '2130706433', '0x7f.0.0.1', '127.1', '10.20.0.07', 'fd00:20::7%eth0', '[fd00:20::7]'])(
    'refuses "%s", which is not a literal address',
    (address) => expect(addressFault(address, ALL)).toBe(`"${address}" is not an IP address`),
  );
});
