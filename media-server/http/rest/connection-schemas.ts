import { Type } from 'typebox';

const SessionId = Type.String({ minLength: 1, maxLength: 1024, description: 'Id of a session' });
export const OneSession = Type.Object({ sessionId: SessionId }, { additionalProperties: false });
export type OneSession = Type.Static<typeof OneSession>;
export const FindBody = Type.Object(
  {
    sessionId: Type.Optional(SessionId),
    appKey: Type.Optional(Type.String({ minLength: 1, maxLength: 1024, description: 'App key' })),
    clientVersion: Type.Optional(
      Type.String({ minLength: 1, maxLength: 1024, description: "The client's `User-Agent` header" }),
    ),
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
  custom: Type.Record(Type.String(), Type.Unknown(), { description: 'What the client passed in its URL' }),
  mediaProviders: Type.Array(Type.String(), { description: '`WebRTC`; for a page of the Web SDK what it supports' }),
  keepAlive: Type.Boolean(),
  clientVersion: Type.String({ description: "The client's `User-Agent` header, or the version of its Web SDK" }),
  clientOSVersion: Type.Optional(Type.String({ description: 'Only for pages of the Web SDK' })),
  clientBrowserVersion: Type.Optional(Type.String({ description: 'Only for pages of the Web SDK' })),
  createDate: Type.Integer({ description: 'Unix time in milliseconds' }),
});
export const Found = Type.Array(Connection);
