import type { StreamObject } from '../../crds/schema/stream.ts';
import type { HookBody } from '../hooks/session-hooks.ts';
import type { Session } from './session.ts';
import type { Stream } from './stream.ts';

/** WCS fields for which a media server has no value. */
const NEUTRAL = {
  record: false,
  width: 0,
  height: 0,
  bitrate: 0,
  minBitrate: 0,
  quality: 0,
  history: false,
  gop: 0,
  fps: 0,
  audioBitrate: 0,
  codecImpl: '',
  cvoExtension: false,
} as const;

/** The stream object (docs/hooks.md#bodies): the body of every method but `connect` and `ConnectionStatusEvent`. */
export function streamBody(stream: Stream, nodeId: string): StreamObject {
  return { ...findObject(stream, nodeId), sdp: stream.offer, custom: { ...stream.custom } };
}

/** The stream object as `find` and the console show it: without the SDP and the client's token. */
export function findObject(stream: Stream, nodeId: string): StreamObject {
  const { token: _token, ...custom } = stream.custom;
  return {
    ...NEUTRAL,
    nodeId,
    appKey: stream.appKey,
    sessionId: stream.session.id,
    mediaSessionId: stream.id,
    name: stream.name,
    published: stream.published,
    hasVideo: stream.leg ? stream.leg.videoCodec !== '' : stream.hasVideo,
    hasAudio: stream.leg ? stream.leg.audioCodec !== '' : stream.hasAudio,
    status: stream.status,
    audioCodec: stream.leg?.audioCodec ?? '',
    videoCodec: stream.leg?.videoCodec ?? '',
    maxBitrate: stream.maxBitrate,
    transport: stream.leg?.transport() ?? '',
    createDate: stream.createdAt,
    mediaType: stream.direction,
    mediaProvider: stream.session.mediaProvider,
    origin: stream.client.origin,
    custom,
    info: stream.info,
  };
}

/** The body of `connect`: the session with its status. */
export function connectBody(session: Session, nodeId: string): HookBody {
  const { page, version } = session.client;
  return {
    nodeId,
    appKey: session.appKey,
    sessionId: session.id,
    status: session.status,
    origin: session.client.origin,
    custom: { ...session.custom },
    mediaProviders: page?.mediaProviders ?? [session.mediaProvider],
    keepAlive: false,
    clientVersion: version,
    ...(page ? { clientOSVersion: page.osVersion, clientBrowserVersion: page.browserVersion } : {}),
  };
}

/** The body of `ConnectionStatusEvent`. */
export function connectionStatusBody(session: Session, nodeId: string): HookBody {
  return { ...connectBody(session, nodeId), info: session.info };
}

/** A session as `connection/find` shows it: without the client's token. */
export function connectionObject(session: Session, nodeId: string): HookBody {
  const { token: _token, ...custom } = session.custom;
  return { ...connectBody(session, nodeId), custom, createDate: session.createdAt, kind: session.kind };
}
