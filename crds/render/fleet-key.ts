/**
 * The fleet's pre-shared keys, as they stand in the asset `fleet.key`: one `IDENTITY HEX` per line, the first one in use.
 * Two while a key is rotated.
 */
export type FleetKey = { readonly identity: string; readonly key: Buffer };

/** Name of the file, and of the key in the Secret `<name>-assets`. */
export const FLEET_KEY_FILE = 'fleet.key';

/** How pods and the operator talk to each other. TLS 1.2 with a pre-shared key: no certificates to hand out. */
export const INTERNAL_TLS = {
  minVersion: 'TLSv1.2',
  maxVersion: 'TLSv1.2',
  ciphers: 'ECDHE-PSK-CHACHA20-POLY1305',
} as const;

const KEY_BYTES = 32;

/** Lines that are no key are left out: what is left decides who may talk. */
export function parseFleetKeys(text: string): FleetKey[] {
  return text
    .split('\n')
    .map((line) => /^(\S+) ([0-9a-f]+)$/.exec(line.trim()))
    .flatMap((match) => {
      const [, identity = '', hex = ''] = match ?? [];
      return hex.length === 2 * KEY_BYTES ? [{ identity, key: Buffer.from(hex, 'hex') }] : [];
    });
}

export const formatFleetKey = ({ identity, key }: FleetKey): string => `${identity} ${key.toString('hex')}\n`;
