import { type Static, type TSchema, Type } from 'typebox';
import { HELD_CAUSES } from './capture-reasons.ts';
import { closed, conditions, count, duration, reference } from './kit.ts';
import { must } from './rules.ts';
import { noSourceUserInfoRule, sourceUrlRule } from './source-url.ts';
import { streamNameRule } from './texts.ts';

const url = (scheme: 'rtsp' | 'rtmp' | 'srt', description: string) =>
  must(Type.String({ maxLength: 2048, description }), sourceUrlRule(scheme), noSourceUserInfoRule);

const CREDENTIALS = 'Secret with `username` and `password`';

const Rtsp = Type.Object(
  {
    url: url('rtsp', 'URL of the source, such as `rtsp://10.20.0.7/h264/main`'),
    transport: Type.Enum(['TCP', 'UDP'], {
      description: 'Transport of the media. With `UDP` the source decides to which address receiver reports are sent',
      default: 'TCP',
    }),
    credentialsRef: Type.Optional(reference('Secret', { description: CREDENTIALS })),
  },
  { description: 'A source that speaks RTSP, such as a camera', ...closed },
);

const Rtmp = Type.Object(
  {
    url: url('rtmp', 'URL of the source, such as `rtmp://10.20.0.8/live/gate`'),
    credentialsRef: Type.Optional(reference('Secret', { description: CREDENTIALS })),
  },
  { description: 'A server that speaks RTMP', ...closed },
);

const Srt = Type.Object(
  {
    url: url('srt', 'URL of the source, such as `srt://10.20.0.9:9000?streamid=gate`'),
    passphraseRef: Type.Optional(reference('Secret', { description: 'Secret with `passphrase`' })),
  },
  { description: 'A source that listens for SRT', ...closed },
);

export const StreamCaptureSpec = Type.Object(
  {
    appRef: reference('StreamApp'),
    name: must(
      Type.String({
        minLength: 1,
        maxLength: 256,
        description:
          'Name of the stream, as in the URLs of WHIP and WHEP. Immutable. If several captures of an app have the ' +
          'same name, the oldest wins',
      }),
      streamNameRule,
    ),
    rtsp: Type.Optional(Rtsp),
    rtmp: Type.Optional(Rtmp),
    srt: Type.Optional(Srt),
    mode: Type.Enum(['Always', 'OnDemand'], {
      description:
        'Whether the source is captured all the time, or only while somebody plays the stream. A stream `OnDemand` starts ' +
        'when a player asks for it that the backend allows',
      default: 'Always',
    }),
    onDemand: Type.Object(
      {
        startTimeout: duration({
          least: '1s',
          most: '1m',
          description: 'Time that a player waits for the stream; then it is answered 409. Must be between 1s and 1m',
          default: '10s',
        }),
        idleTimeout: duration({
          description: 'Time without a player after which the capture stops',
          default: '30s',
        }),
      },
      { description: 'Settings of the mode `OnDemand`', default: {}, ...closed },
    ),
    audio: Type.Enum(['Opus', 'None'], {
      description: 'Whether the sound of the source is published, as Opus',
      default: 'Opus',
    }),
    stallTimeout: duration({
      least: '1s',
      most: '10m',
      description: 'Time without media after which the source is connected to again. Must be between 1s and 10m',
      default: '10s',
    }),
    afterTermination: Type.Enum(['Stay', 'Restart'], {
      description:
        'What follows when the backend, the REST API, a StreamTermination or a limit ends the stream. `Stay` = it ' +
        'stays ended until the spec or the annotation `sluice.dev/restart` changes, `Restart` = it is captured again',
      default: 'Stay',
    }),
    suspend: Type.Boolean({ description: 'Stops the capture', default: false }),
  },
  { description: 'A stream that is captured from a camera or a server', ...closed },
);
export type StreamCaptureSpec = Static<typeof StreamCaptureSpec>;

const optional = <S extends TSchema>(schema: S) => Type.Optional(schema);
const text = (description: string) => optional(Type.String({ maxLength: 1024, description }));

const Track = Type.Object(
  {
    kind: Type.Enum(['video', 'audio'], { description: 'Video or audio' }),
    codec: Type.String({ maxLength: 64, description: 'Codec of the source, such as `H264` or `AAC`' }),
    profile: text('Profile of the codec'),
    width: optional(count({ description: 'Pixels' })),
    height: optional(count({ description: 'Pixels' })),
  },
  closed,
);

export const StreamCaptureStatus = Type.Object(
  {
    observedGeneration: optional(Type.Integer({ description: 'Generation of the spec that this status describes' })),
    source: text('Host of the source'),
    assignment: optional(
      Type.Object(
        {
          pod: Type.String({
            maxLength: 253,
            description: 'Name of the capture pod; empty while the capture is suspended or held',
          }),
          podUid: Type.String({ maxLength: 253, description: 'UID of the capture pod; empty as its name' }),
          epoch: Type.Integer({
            minimum: 1,
            description: 'Grows with each assignment, so that the media servers prefer the newest one',
          }),
        },
        { description: 'The pod that captures the stream', ...closed },
      ),
    ),
    mediaSessionId: text('Id of the stream'),
    connectedSince: optional(
      Type.String({ format: 'date-time', description: 'When the first packet of the current connection came' }),
    ),
    restarts: optional(
      count({
        description:
          'Connections to the source after the first one, also those that failed. Counted anew after a change, on ' +
          'another pod, and after nobody has played a stream `OnDemand`',
      }),
    ),
    held: optional(
      Type.Object(
        {
          cause: Type.Enum(Object.keys(HELD_CAUSES), { description: 'What ended the stream' }),
          info: text('What the stream said when it ended'),
          generation: Type.Integer({ description: 'Generation of the spec that is held' }),
          restart: text('The annotation `sluice.dev/restart` and the field `resumed` at that time'),
          time: Type.String({ format: 'date-time', description: 'When the stream ended' }),
        },
        { description: 'Why the capture stays ended', ...closed },
      ),
    ),
    resumed: optional(
      Type.String({
        format: 'date-time',
        description: 'When a call of `/rtsp/startup` last started the capture again while it was held',
      }),
    ),
    tracks: optional(
      Type.Array(Track, {
        maxItems: 8,
        description: 'What the source sends',
      }),
    ),
    keyFrameInterval: text('Time between two key frames, for which a player may have to wait'),
    bitrate: optional(count({ description: 'Bits per second' })),
    conditions: optional(conditions),
  },
  { description: 'Observed state', ...closed },
);
export type StreamCaptureStatus = Static<typeof StreamCaptureStatus>;
