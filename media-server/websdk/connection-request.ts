import { type Fields, faultOfCustom, faultOfNamed, fieldsOf, textOf } from './fields.ts';

/** What the first message of a socket, `connection`, asks for. `sip*` and `authToken` are not read. */
export type ConnectionRequest = {
  readonly appKey: string;
  readonly custom: Fields;
  /** The SDK's version of the protocol, such as `2.0`. */
  readonly clientVersion: string;
};

/** The app of a page that names none, as in the SDK. */
const DEFAULT_APP = 'defaultApp';
const MAX_VERSION_LENGTH = 64;

/** Reads `connection`. Returns a sentence for the client if it cannot be used. */
export function readConnection(content: unknown): ConnectionRequest | string {
  const fields = fieldsOf(content);
  const { appKey = DEFAULT_APP, custom } = fields;
  const fault = faultOfNamed('appKey', appKey) ?? faultOfCustom(custom);
  if (fault !== null) return fault;
  const clientVersion = textOf(fields, 'clientVersion', MAX_VERSION_LENGTH);
  return { appKey: String(appKey), custom: fieldsOf(custom), clientVersion };
}
