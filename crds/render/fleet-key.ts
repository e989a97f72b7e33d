/**
 * A pre-shared key. The assets `fleet.key` and `capture.key` have one `IDENTITY HEX` per line. The first key is in use;
 * there are two while a key is rotated.
 */
export type FleetKey = { readonly identity: string; readonly key: Buffer };

/** The name of the file, and of the key in the Secret `<name>-assets`. */
export const FLEET_KEY_FILE = 'fleet.key';

/** The same for the key of the capture role, which opens the routes of captures on a media pod, and capture pods. */
export const CAPTURE_KEY_FILE = 'capture.key';

const KEY_BYTES = 32;

/** Parses the keys of a file. Lines that are not valid are ignored; only the other keys give access. */
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
