import { Agent } from 'undici';

/** A pre-shared key and its name in the TLS handshake (RFC 4279). */
export type PskIdentity = { readonly identity: string; readonly key: Buffer };

/** TLS between the pods of a fleet and the operator. TLS 1.2 with a pre-shared key needs no certificates. */
export const INTERNAL_TLS = {
  minVersion: 'TLSv1.2',
  maxVersion: 'TLSv1.2',
  ciphers: 'ECDHE-PSK-CHACHA20-POLY1305',
} as const;

export type FleetAgentOptions = {
  /** Connections per pod; null = no limit. */
  readonly connections: number | null;
  /** Time to connect, milliseconds. */
  readonly connectMs: number;
  /** A larger response is refused, bytes; -1 = no limit. */
  readonly mostBytes: number;
};

/** Connections to pods of one fleet, with its key. Idle connections are kept for half a minute. */
export function fleetAgent({ identity, key }: PskIdentity, options: FleetAgentOptions): Agent {
  return new Agent({
    connections: options.connections,
    maxResponseSize: options.mostBytes,
    keepAliveTimeout: 30_000,
    connect: {
      ...INTERNAL_TLS,
      timeout: options.connectMs,
      pskCallback: () => ({ identity, psk: key }),
      // The pre-shared key authenticates the pod; there is no certificate with a name to check.
      checkServerIdentity: () => undefined,
    } as object,
  });
}
