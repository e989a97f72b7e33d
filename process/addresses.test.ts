import { describe, expect, it } from 'vitest';
import { anyAddress, urlHost } from './addresses.ts';

const IPV4 = { family: 'IPv4' as const };
const IPV6 = { family: 'IPv6' as const };

describe('anyAddress', () => {
  it.each([
    ['IPv4 and IPv6', { lo: [IPV4, IPV6], eth0: [IPV4] }, '::'],
    ['IPv6 only', { lo: [IPV6], eth0: [IPV6] }, '::'],
    ['no IPv6', { lo: [IPV4], eth0: [IPV4] }, '0.0.0.0'],
    ['no address at all', {}, '0.0.0.0'],
  ])('with %s', (_what, interfaces, address) => {
    expect(anyAddress(interfaces)).toBe(address);
  });
});

it.each([
  ['192.0.2.1', '192.0.2.1'],
  ['2001:db8::1', '[2001:db8::1]'],
  ['::ffff:192.0.2.1', '[::ffff:192.0.2.1]'],
  ['media.example.com', 'media.example.com'],
])('urlHost writes %s as %s', (address, host) => {
  expect(urlHost(address)).toBe(host);
});
