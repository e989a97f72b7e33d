import { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
import { TrustedProxies } from './client-address.ts';

function requestFrom(remoteAddress: string, forwarded?: string, prefix?: string): IncomingMessage {
  const socket = new Socket();
  Object.defineProperty(socket, 'remoteAddress', { value: remoteAddress });
  const request = new IncomingMessage(socket);
  if (forwarded !== undefined) request.headers['x-forwarded-for'] = forwarded;
  if (prefix !== undefined) request.headers['x-forwarded-prefix'] = prefix;
  return request;
}

describe('TrustedProxies', () => {
  it.each([
    ['no header', '192.0.2.1', undefined, '192.0.2.1'],
    ['a header from an untrusted client', '192.0.2.1', '203.0.113.9', '192.0.2.1'],
    ['a header from a trusted proxy', '10.0.0.5', '203.0.113.9', '203.0.113.9'],
    [
      'a chain: the right-most address that is not a proxy',
      '10.0.0.5',
      '203.0.113.9, 198.51.100.7, 10.1.1.1',
      '198.51.100.7',
    ],
    ['a chain of proxies only', '10.0.0.5', '10.1.1.1', '10.1.1.1'],
    ['nonsense in the header', '10.0.0.5', 'unknown', '10.0.0.5'],
    ['IPv4 on an IPv6 socket', '::ffff:10.0.0.5', '203.0.113.9', '203.0.113.9'],
    ['IPv4 in hexadecimal IPv6', '::ffff:a00:5', '203.0.113.9', '203.0.113.9'],
    ['IPv4 in IPv6 in the header', '10.0.0.5', '203.0.113.9, ::ffff:10.1.1.1', '203.0.113.9'],
    ['an IPv6 proxy', 'fd00::1', '2001:db8::9', '2001:db8::9'],
    ['IPv6 in another spelling', 'fd00::1', '2001:DB8:0::0009', '2001:db8::9'],
    ['IPv6 with brackets and a port', 'fd00::1', '[2001:db8::9]:4711', '2001:db8::9'],
    ['a proxy on this link', 'fd00::1%eth0', '2001:db8::9', '2001:db8::9'],
  ])('%s', (_what, remote, forwarded, client) => {
    const proxies = new TrustedProxies(['10.0.0.0/8', 'fd00::/8']);
    expect(proxies.clientAddress(requestFrom(remote, forwarded))).toBe(client);
  });

  it.each(['::ffff:10.0.0.0/104', '::ffff:a00:0/104', '10.0.0.0/8'])(
    '%s matches both spellings of an address',
    (cidr) => {
      const proxies = new TrustedProxies([cidr]);
      expect(['10.1.2.3', '::ffff:10.1.2.3', '::ffff:a01:203'].map((address) => proxies.trusts(address))).toEqual([
        true,
        true,
        true,
      ]);
      expect(['11.1.2.3', '::ffff:11.1.2.3', '::10.1.2.3'].map((address) => proxies.trusts(address))).toEqual([
        false,
        false,
        false,
      ]);
    },
  );

  it.each([
    ['without a proxy', '192.0.2.1', undefined, false],
    ['through a trusted proxy', '10.0.0.5', '203.0.113.9', false],
    ['through an untrusted proxy', '192.0.2.1', '203.0.113.9', true],
  ])('%s, the address may be shared: %s, %s, %s', (_what, remote, forwarded, isShared) => {
    expect(new TrustedProxies(['10.0.0.0/8']).isShared(requestFrom(remote, forwarded))).toBe(isShared);
  });

  it.each([
    ['/media', '/media'],
    ['/media/', '/media'],
    ['/', ''],
    ['', ''],
    ['/a/b.c/~d-%C3%A9', '/a/b.c/~d-%C3%A9'],
    ['/outer, /inner/', '/outer/inner'],
    ['//evil.example', ''],
    ['/, //evil.example', ''],
    ['/a//b', ''],
    ['/a//', ''],
    ['/a/..', ''],
    ['/./a', ''],
    ['/...', '/...'],
    ['media', ''],
    ['/a,b', ''],
    ['https://evil.example/media', ''],
    ['/\\evil.example', ''],
    ['/a b', ''],
    ['/a\r\nSet-Cookie: x', ''],
    ['/a>; rel="x"', ''],
    ['/a?b', ''],
    ['/a#b', ''],
    ['/a%zz', ''],
    ['/é', ''],
    [`/${'a'.repeat(1024)}`, ''],
  ])('reads the prefix %j of a trusted proxy as %j', (header, prefix) => {
    const proxies = new TrustedProxies(['10.0.0.0/8']);
    expect(proxies.forwardedPrefix(requestFrom('::ffff:10.0.0.5', undefined, header))).toBe(prefix);
    expect(proxies.forwardedPrefix(requestFrom('192.0.2.1', '10.0.0.5', header))).toBe('');
  });

  it('has no prefix without the header', () => {
    expect(new TrustedProxies(['10.0.0.0/8']).forwardedPrefix(requestFrom('10.0.0.5'))).toBe('');
  });

  it('trusts nobody by default', () => {
    expect(new TrustedProxies([]).clientAddress(requestFrom('10.0.0.5', '203.0.113.9'))).toBe('10.0.0.5');
  });

  it.each(['10.0.0.0/33', 'proxy.example', '10.0.0.0/x', ''])('refuses "%s" and names it', (cidr) => {
    expect(() => new TrustedProxies([cidr])).toThrow(`rest.trustedProxies: must be an address or CIDR, got "${cidr}"`);
  });
});
