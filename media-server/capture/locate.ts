import { addressFault } from '../../crds/render/capture-address.ts';
import type { CaptureOrder } from '../../crds/schema/capture-messages.ts';
import { sourceHost } from '../../crds/schema/source-url.ts';
import { urlHost } from '../../process/addresses.ts';
import type { SourceEnd } from './source-events.ts';

/** What the program `sources` is told. Its URL names a literal address and has no credentials. */
export type SourceSpec = {
  readonly kind: 'rtsp' | 'rtmp' | 'srt';
  readonly location: string;
  readonly user?: string;
  readonly password?: string;
  readonly passphrase?: string;
  readonly transport?: 'tcp' | 'udp';
  readonly audio: 'opus' | 'none';
  /** Time without video that ends the source. */
  readonly 'stall-ms': number;
  /** Addresses that its requests may go to, separated by commas. */
  readonly allow: string;
};

/** Why a source cannot be connected to. */
export type Unlocated = { readonly reason: Extract<SourceEnd, 'unreachable' | 'notAllowed'>; readonly text: string };

/** Returns all addresses of a host; rejects if it has none. */
export type Resolve = (host: string) => Promise<readonly string[]>;

/**
 * Finds the address of a source. A name may have several addresses, and others tomorrow: each is checked at each
 * connection, and the reader gets a checked one instead of the name: `turn` says which.
 */
export async function locate(order: CaptureOrder, turn: number, resolve: Resolve): Promise<SourceSpec | Unlocated> {
  const { kind, passphrase, password, transport, url, user } = order.source;
  const host = sourceHost(url);
  const addresses = await resolve(host).catch((error: unknown) => String(error));
  if (typeof addresses === 'string') return { reason: 'unreachable', text: addresses };
  const allowed = addresses.filter((address) => addressFault(address, order.allow) === null);
  const address = allowed[turn % allowed.length];
  if (address === undefined) {
    const faults = addresses.map((each) => addressFault(each, order.allow));
    return { reason: 'notAllowed', text: faults[0] ?? `${host} has no address` };
  }
  return {
    kind,
    location: withHost(url, address),
    ...(user === undefined ? {} : { user }),
    ...(password === undefined ? {} : { password }),
    ...(passphrase === undefined ? {} : { passphrase }),
    ...(kind === 'rtsp' ? { transport: transport === 'UDP' ? ('udp' as const) : ('tcp' as const) } : {}),
    audio: order.audio === 'Opus' ? 'opus' : 'none',
    'stall-ms': order.stallTimeoutMs,
    allow: allowed.join(','),
  };
}

/** The rest of a URL is kept as it is: `new URL` would change what cameras compare byte by byte. */
const withHost = (url: string, address: string): string =>
  url.replace(/^([a-z]+:\/\/)(\[[^\]]*\]|[^:/?#]+)/, (_all, scheme: string) => `${scheme}${urlHost(address)}`);
