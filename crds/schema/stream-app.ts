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
        description: 'Key of the app in WHIP and WHEP URLs. Immutable. Must be unique per MediaServer',
      }),
      appKeyRule,
    ),
    mediaServerRef: reference('MediaServer'),
    restHookRef: Type.Optional(
      reference('RestHook', {
        description: 'The backend that decides about streams of the app. If not set, all streams are allowed',
        ...reload('live'),
      }),
    ),
    keepAlive: Type.Object(
      {
        enabled: Type.Boolean({ description: 'Whether streams of the app are checked', default: true }),
        interval: Type.Optional(
          duration({ least: '1s', description: "Overrides the MediaServer's interval. Must be between 1s and 24h" }),
        ),
      },
      { description: 'Keep-alive of the app', default: {}, ...closed, ...reload('live') },
    ),
    limits: Type.Object(
      {
        publications: count({
          description: 'Maximum number of publications of the app per pod. 0 = no limit',
          default: 0,
        }),
        playbacksPerStream: count({
          description: 'Maximum number of playbacks of one publication per pod. 0 = no limit',
          default: 0,
        }),
        duration: Type.Optional(
          duration({
            most: '8760h',
            description:
              'Maximum duration of a stream, which then ends with the cause `limit`. 0s = no limit, which is the ' +
              'default',
          }),
        ),
        maxBitrate: count({ description: 'Maximum bits per second of a stream. 0 = no limit', default: 0 }),
      },
      { description: 'Limits of the app', default: {}, ...closed, ...reload('newSessions') },
    ),
    codecs: Type.Optional(
      setOf(Type.Enum([...CODECS]), {
        minItems: 1,
        maxItems: CODECS.length,
        description: "Codecs of the app, a subset of the MediaServer's codecs. Defaults to all of them",
        ...reload('newSessions'),
      }),
    ),
  },
  { description: 'An app of a MediaServer', ...closed },
);
export type StreamAppSpec = Static<typeof StreamAppSpec>;

export const StreamAppStatus = Type.Object(
  {
    observedGeneration: Type.Optional(
      Type.Integer({ description: 'Generation of the spec that this status describes' }),
    ),
    publications: Type.Optional(Type.Integer({ description: 'Publications of all pods' })),
    playbacks: Type.Optional(Type.Integer({ description: 'Playbacks of all pods' })),
    conditions: Type.Optional(conditions),
  },
  { description: 'Observed state', ...closed },
);
