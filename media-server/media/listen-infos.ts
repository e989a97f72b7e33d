import { isIPv4, isIPv6 } from 'node:net';
import type { TransportListenInfo } from 'mediasoup/types';
import { ANY, ANY_IPV4 } from '../../process/addresses.ts';
import type { MediaOptions } from './media.ts';
import { UDP_BUFFER_BYTES } from './udp-sockets.ts';

const BUFFERS = { recvBufferSize: UDP_BUFFER_BYTES, sendBufferSize: UDP_BUFFER_BYTES };

type Listening = Pick<MediaOptions, 'announcedAddresses' | 'listenAddress'>;
type Socket = Pick<TransportListenInfo, 'announcedAddress' | 'flags' | 'ip'>;

/**
 * The sockets of a worker, UDP first. mediasoup announces one address per socket, so each family has its own socket. On
 * a dual-stack socket, STUN responses would give IPv4 clients an address in IPv6 form. Pure.
 */
export function listenInfosOf(listening: Listening, port: number): TransportListenInfo[] {
  const sockets = socketsOf(listening);
  return [
    ...sockets.map((socket) => ({ protocol: 'udp' as const, ...socket, port, ...BUFFERS })),
    ...sockets.map((socket) => ({ protocol: 'tcp' as const, ...socket, port })),
  ];
}

function socketsOf({ announcedAddresses, listenAddress }: Listening): Socket[] {
  if (listenAddress !== ANY) {
    const fitting = announcedAddresses.find((address) => isIPv6(address) === isIPv6(listenAddress));
    return [{ ip: listenAddress, announcedAddress: fitting ?? announcedAddresses[0] ?? listenAddress }];
  }
  // A host name may resolve to addresses of either family.
  const ipv4 = announcedAddresses.find((address) => !isIPv6(address));
  const ipv6 = announcedAddresses.find((address) => !isIPv4(address));
  return [
    ...(ipv4 === undefined ? [] : [{ ip: ANY_IPV4, announcedAddress: ipv4 }]),
    ...(ipv6 === undefined ? [] : [{ ip: ANY, announcedAddress: ipv6, flags: { ipv6Only: true } }]),
  ];
}
