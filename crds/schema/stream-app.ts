import { type Static, Type } from 'typebox';
import { closed, conditions, count, duration, reference, reload, setOf } from './kit.ts';
import { must } from './rules.ts';
import { CODECS } from './server-config.ts';
import { appKeyRule } from './texts.ts';

export const StreamAppSpec = Type.Object(
  {
    appKey: must(
      Type.String({
        maxLength: 63,
        description: 'Key of the app in WHIP and WHEP URLs; immutable, unique per MediaServer',
      }),
      appKeyRule,
    ),
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
        interval: Type.Optional(
          duration({ least: '1s', description: "Instead of the MediaServer's interval, from 1s to 24h" }),
        ),
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
          duration({
            most: '8760h',
            description: 'A stream that lives longer ends with `limit`; absent or 0s = no limit',
          }),
        ),
        maxBitrate: count({ description: 'Most bits per second of a stream, 0 = no limit', default: 0 }),
      },
      { description: 'Limits of this app', default: {}, ...closed, ...reload('newSessions') },
    ),
    codecs: Type.Optional(
      setOf(Type.Enum([...CODECS]), {
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
