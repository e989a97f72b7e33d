import { Type } from 'typebox';
import { SESSION_KINDS } from '../../streams/session.ts';

const SessionId = Type.String({ minLength: 1, maxLength: 1024, description: 'Id of a session' });
const CLIENT_VERSION = "The client's `User-Agent` header, or the version that the Web SDK says";
export const OneSession = Type.Object({ sessionId: SessionId }, { additionalProperties: false });
export type OneSession = Type.Static<typeof OneSession>;
export const FindBody = Type.Object(
  {
    sessionId: Type.Optional(SessionId),
    appKey: Type.Optional(Type.String({ minLength: 1, maxLength: 1024, description: 'App key' })),
    clientVersion: Type.Optional(Type.String({ minLength: 1, maxLength: 1024, description: CLIENT_VERSION })),
  },
  { additionalProperties: false, description: 'All members are optional and ANDed; `{}` = all connections' },
);
export type FindBody = Type.Static<typeof FindBody>;

const Connection = Type.Object({
  nodeId: Type.String({ description: '`<pod name>@<announced address>` of the media server that holds the session' }),
  appKey: Type.String(),
  sessionId: Type.String(),
  status: Type.Enum(['PENDING', 'ESTABLISHED']),
  origin: Type.String({ description: "The client's `Origin` header; empty if not set" }),
  custom: Type.Record(Type.String(), Type.Unknown(), {
    description: 'What the client passed: the query of its URL, or `custom` of its call of the Web SDK',
  }),
  mediaProviders: Type.Array(Type.String(), { description: '`WebRTC`; for a page of the Web SDK what it supports' }),
  keepAlive: Type.Boolean(),
  clientVersion: Type.String({ description: CLIENT_VERSION }),
  clientOSVersion: Type.Optional(Type.String({ description: 'Only for pages of the Web SDK' })),
  clientBrowserVersion: Type.Optional(Type.String({ description: 'Only for pages of the Web SDK' })),
  createDate: Type.Integer({ description: 'Unix time in milliseconds' }),
  kind: Type.Enum([...SESSION_KINDS], { description: 'What opened the session; not in WCS' }),
});
export const Found = Type.Array(Connection);
