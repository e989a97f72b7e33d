import { describe, expect, it } from 'vitest';
import { listenInfosOf } from './listen-infos.ts';

const IPV4 = { ip: '0.0.0.0', announcedAddress: '192.0.2.1', port: 44444 };
const IPV6 = { ip: '::', announcedAddress: '2001:db8::1', flags: { ipv6Only: true }, port: 44444 };

describe('listenInfosOf', () => {
  it.each([
    ['both families', '::', ['192.0.2.1', '2001:db8::1'], [IPV4, IPV6]],
    ['IPv4 only', '::', ['192.0.2.1'], [IPV4]],
    ['IPv6 only', '::', ['2001:db8::1'], [IPV6]],
    [
      'a host name, on both families',
      '::',
      ['media.example.com'],
      [
        { ...IPV4, announcedAddress: 'media.example.com' },
        { ...IPV6, announcedAddress: 'media.example.com' },
      ],
    ],
    ['a machine without IPv6', '0.0.0.0', ['2001:db8::1', '192.0.2.1'], [IPV4]],
    ['one given address', '127.0.0.1', ['192.0.2.1'], [{ ...IPV4, ip: '127.0.0.1' }]],
    ['the IPv6 loopback', '::1', ['::1'], [{ ip: '::1', announcedAddress: '::1', port: 44444 }]],
  ])('%s', (_what, listenAddress, announcedAddresses, sockets) => {
    expect(listenInfosOf({ listenAddress, announcedAddresses }, 44444)).toEqual([
      ...sockets.map((socket) => ({
        protocol: 'udp',
        ...socket,
        recvBufferSize: 2_000_000,
        sendBufferSize: 2_000_000,
      })),
      ...sockets.map((socket) => ({ protocol: 'tcp', ...socket })),
    ]);
  });
});
