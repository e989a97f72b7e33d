import type { PageInfo } from '../streams/session.ts';
import { type Fields, faultOfCustom, faultOfNamed, fieldsOf, printableOf } from './fields.ts';

/** What the first message of a socket, `connection`, asks for. `sip*` and `authToken` are not read. */
export type ConnectionRequest = {
  readonly appKey: string;
  readonly custom: Fields;
  /** The SDK's version of the protocol, such as `2.0`. */
  readonly clientVersion: string;
  readonly page: PageInfo;
};

/** The app of a page that names none, as in the SDK. */
const DEFAULT_APP = 'defaultApp';
const MAX_VERSION_LENGTH = 64;
/** User agents have up to 200 characters. */
const MAX_PAGE_LENGTH = 512;
const MAX_PROVIDERS = 16;
const WEBRTC = ['WebRTC'];

/** Reads `connection`. Returns a sentence for the client if it cannot be used. */
export function readConnection(content: unknown): ConnectionRequest | string {
  const fields = fieldsOf(content);
  const { appKey = DEFAULT_APP, custom } = fields;
  const fault = faultOfNamed('appKey', appKey) ?? faultOfCustom(custom);
  if (fault !== null) return fault;
  const clientVersion = printableOf(fields['clientVersion'], MAX_VERSION_LENGTH);
  return { appKey: String(appKey), custom: fieldsOf(custom), clientVersion, page: pageOf(fields) };
}

function pageOf({ clientBrowserVersion, clientOSVersion, mediaProviders }: Fields): PageInfo {
  const providers = Array.isArray(mediaProviders) ? mediaProviders.slice(0, MAX_PROVIDERS) : [];
  const named = providers.map((each) => printableOf(each, MAX_VERSION_LENGTH)).filter((each) => each !== '');
  return {
    osVersion: printableOf(clientOSVersion, MAX_PAGE_LENGTH),
    browserVersion: printableOf(clientBrowserVersion, MAX_PAGE_LENGTH),
    mediaProviders: named.length === 0 ? WEBRTC : named,
  };
}
