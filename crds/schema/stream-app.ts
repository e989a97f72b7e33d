import { type Static, Type } from 'typebox';
import { closed, conditions, count, duration, reference, reload } from './kit.ts';
import { CODECS } from './server-config.ts';

export const StreamAppSpec = Type.Object(
  {
    appKey: Type.String({
      minLength: 1,
      maxLength: 63,
      pattern: '^[A-Za-z0-9]([A-Za-z0-9_.-]*[A-Za-z0-9])?$',
      description: 'Key of the app in WHIP and WHEP URLs; immutable, unique per MediaServer',
    }),
    mediaServerRef: reference('MediaServer'),
    restHookRef: Type.Optional(
      reference('RestHook', {
        description: 'The backend that is asked and told; absent = every admission is allowed',
        ...reload('live'),
      }),
    ),
    keepAlive: Type.Object(
      {
        enabled: Type.Boolean({ description: 'False = the streams of this app are not checked', default: true }),
        interval: Type.Optional(duration({ description: "Instead of the MediaServer's interval, at least 1s" })),
      },
      { description: 'Keep-alive of this app', default: {}, ...closed, ...reload('live') },
    ),
    limits: Type.Object(
      {
        publications: count({ description: 'Most publications of the app per pod, 0 = no limit', default: 0 }),
        playbacksPerStream: count({
          description: 'Most playbacks of one publication per pod, 0 = no limit',
          default: 0,
        }),
        duration: Type.Optional(
          duration({ description: 'A stream that lives longer ends with `limit`; absent or 0s = no limit' }),
        ),
        maxBitrate: count({ description: 'Most bits per second of a stream, 0 = no limit', default: 0 }),
      },
      { description: 'Limits of this app', default: {}, ...closed, ...reload('newSessions') },
    ),
    codecs: Type.Optional(
      Type.Array(Type.Enum([...CODECS]), {
        minItems: 1,
        maxItems: CODECS.length,
        description: "Subset of the MediaServer's codecs; absent = all of them",
        ...reload('newSessions'),
      }),
    ),
  },
  { description: 'One app of a MediaServer', ...closed },
);
export type StreamAppSpec = Static<typeof StreamAppSpec>;

export const StreamAppStatus = Type.Object(
  {
    observedGeneration: Type.Optional(Type.Integer({ description: 'Generation of the spec that was judged' })),
    publications: Type.Optional(Type.Integer({ description: 'Publications on all pods' })),
    playbacks: Type.Optional(Type.Integer({ description: 'Playbacks on all pods' })),
    conditions: Type.Optional(conditions),
  },
  { description: 'What the operator has seen', ...closed },
);
