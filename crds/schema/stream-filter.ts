import { type Static, Type } from 'typebox';
import { LIVE_STATUSES, MEDIA_PROVIDERS } from './stream.ts';

const text = (description: string) => Type.String({ minLength: 1, maxLength: 1024, description });

/** The options of `mediaSessionIds`. */
type Ids = { readonly minItems?: number; readonly maxItems: number; readonly description: string };

/** The members of a filter, all optional and ANDed. The REST API and StreamTermination share them. */
export const filterMembers = (ids: Ids) => ({
  mediaSessionId: Type.Optional(text('Id of one stream')),
  mediaSessionIds: Type.Optional(Type.Array(text('Id of one stream'), ids)),
  sessionId: Type.Optional(text('Id of a session')),
  name: Type.Optional(text('Stream name')),
  published: Type.Optional(Type.Boolean({ description: '`true` = publications, `false` = playbacks' })),
  status: Type.Optional(Type.Enum([...LIVE_STATUSES], { description: 'Status of a live stream' })),
  appKey: Type.Optional(text('App key')),
  mediaProvider: Type.Optional(
    Type.Enum([...MEDIA_PROVIDERS], {
      description: '`RTSP`, `RTMP` or `SRT` = publications that are captured from there',
    }),
  ),
});

/** The body of `POST /rest-api/stream/terminate`; `{}` = all streams. */
export const StreamFilter = Type.Object(
  filterMembers({ maxItems: 10_000, description: 'Ids of streams; `[]` matches nothing' }),
  { additionalProperties: false, description: 'A stream must match all members. `{}` = all streams' },
);
export type StreamFilter = Static<typeof StreamFilter>;
