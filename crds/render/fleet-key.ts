/**
 * A pre-shared key. The asset `fleet.key` has one `IDENTITY HEX` per line. The first key of the fleet is in use; there are
 * two while a key is rotated. The file may also have keys of capture programs.
 */
export type FleetKey = { readonly identity: string; readonly key: Buffer };

/** What a key opens on a media server: everything, or only the routes of captures. */
export type KeyRole = 'fleet' | 'capture';

const CAPTURE_PREFIX = 'capture-';

/** The identity says which role a key has: those of capture programs begin with `capture-`. */
export const roleOf = ({ identity }: Pick<FleetKey, 'identity'>): KeyRole =>
  identity.startsWith(CAPTURE_PREFIX) ? 'capture' : 'fleet';

/** The name of the file, and of the key in the Secret `<name>-assets`. */
export const FLEET_KEY_FILE = 'fleet.key';

const KEY_BYTES = 32;

/** Parses the keys of a fleet. Lines that are not valid are ignored; only the other keys give access. */
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
