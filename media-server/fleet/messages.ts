import { type Static, type TSchema, Type } from 'typebox';
import { Compile } from 'typebox/compile';
import { Roster } from '../../crds/schema/internal.ts';
import { StreamFilter } from '../../crds/schema/stream-filter.ts';
import { schemaFindings } from '../../crds/validate/resource.ts';

// The messages between pods: `POST /internal/peer/{op}`. Questions are validated strictly: a filter with a member that
// this version does not know must not end more than was asked for.

const closed = { additionalProperties: false } as const;
const Count = Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER });
/** Unix time, milliseconds. */
const Time = Type.Integer({ minimum: 0, maximum: 8.64e15 });
const Text = Type.String({ maxLength: 1024 });

/** Who may not start a stream for a while. The key is made by `streams/deny` or `streams/capture-holds`. */
const Denial = Type.Object({ key: Text, until: Time });

/** A publication that holds its name. */
export const HeldName = Type.Object({
  appKey: Text,
  name: Text,
  /** When the name was claimed, by the clock of the holder. */
  at: Time,
  /** The uid of the pod that holds it. */
  holder: Text,
  /** The capture that it publishes. */
  capture: Type.Optional(Type.Object({ uid: Text, epoch: Count, attempt: Count })),
});
export type HeldName = Static<typeof HeldName>;

const Denials = Type.Array(Denial, { maxItems: 20_000 });
const DenyQuestion = Type.Object({ filter: StreamFilter, denyForMs: Count }, closed);
const TerminateQuestion = Type.Object(
  {
    filter: StreamFilter,
    dryRun: Type.Boolean(),
    denyForMs: Count,
    denials: Denials,
    /** The id of the order, if all pods are given it. */
    order: Type.Optional(Text),
  },
  closed,
);
/** What was found and ended. */
const ENDED = { matchedIds: Type.Array(Text), terminated: Count, error: Type.Optional(Type.String()) };
const TerminateAnswer = Type.Object({ ...ENDED, denied: Count, denials: Denials });
const ConnectionFilter = Type.Object(
  { sessionId: Type.Optional(Text), appKey: Type.Optional(Text), clientVersion: Type.Optional(Text) },
  closed,
);
const Objects = Type.Array(Type.Record(Type.String(), Type.Unknown()));
const Names = Type.Array(HeldName);

const KNOWLEDGE = { denials: Denials, names: Names };

/** What each call asks and what is answered. */
export const PEER_OPS = {
  /** A pod introduces itself. Each side tells the other what a pod must know before it takes streams. */
  join: {
    question: Type.Object({ roster: Roster, ...KNOWLEDGE }, closed),
    answer: Type.Object(KNOWLEDGE),
  },
  terminate: { question: TerminateQuestion, answer: TerminateAnswer },
  /** Ends a session with its streams; the answer is about sessions. */
  disconnect: { question: Type.Object({ sessionId: Text, order: Text }, closed), answer: Type.Object(ENDED) },
  /** The denials that a terminate with `denyFor` would make. */
  denials: { question: DenyQuestion, answer: Type.Object({ denials: Denials }) },
  deny: { question: Type.Object({ denials: Denials }, closed), answer: Type.Object({}) },
  find: {
    question: Type.Object({ filter: StreamFilter, metrics: Type.Boolean() }, closed),
    answer: Type.Object({ found: Objects }),
  },
  connections: {
    question: Type.Object({ filter: ConnectionFilter }, closed),
    answer: Type.Object({ found: Objects }),
  },
  ended: { question: Type.Object({}, closed), answer: Type.Object({ found: Objects }) },
  claim: {
    question: Type.Object({ claim: HeldName }, closed),
    /** `remembered`: uids of pods that held the name when they were last heard. */
    answer: Type.Object({ isTaken: Type.Boolean(), remembered: Type.Array(Text) }),
  },
  /** Whether the pod has a stream with this id. */
  holds: { question: Type.Object({ id: Text }, closed), answer: Type.Object({ isHeld: Type.Boolean() }) },
  /** Names that the sender holds, or no longer holds; the answer names those that the receiver claimed earlier. */
  live: {
    question: Type.Object({ held: Names, released: Names }, closed),
    answer: Type.Object({ conflicts: Names }),
  },
} as const satisfies Record<string, { question: TSchema; answer: TSchema }>;

/** What a pod knows of denials and names. */
export type Knowledge = Answer<'join'>;

export type PeerOp = keyof typeof PEER_OPS;
export type Question<Op extends PeerOp> = Static<(typeof PEER_OPS)[Op]['question']>;
export type Answer<Op extends PeerOp> = Static<(typeof PEER_OPS)[Op]['answer']>;

/** Around each question: who asks, since when its process runs, and the revision of the roster that it has. */
export const PeerCall = Type.Object({ from: Text, startedAt: Time, revision: Count, question: Type.Unknown() }, closed);
export type PeerCall = Static<typeof PeerCall>;

/** Around each answer. The roster is included if the caller's is older. */
export const PeerReply = Type.Object({
  startedAt: Time,
  revision: Count,
  roster: Type.Optional(Roster),
  answer: Type.Unknown(),
});
export type PeerReply = Static<typeof PeerReply>;

/** The first line of `POST /internal/pipe`: a pod asks for a publication. */
export const PipeQuestion = Type.Object(
  {
    appKey: Text,
    name: Text,
    /** Ids of transports that the pod can share. */
    shared: Type.Array(Text, { maxItems: 1_000 }),
  },
  closed,
);
const PipeEnd = Type.Object({ port: Type.Integer({ minimum: 1, maximum: 65535 }), key: Text });
const PipeOffer = Type.Object({
  transport: Text,
  end: PipeEnd,
  tracks: Type.Array(
    Type.Object({
      kind: Type.Enum(['audio', 'video']),
      rtpParameters: Type.Record(Type.String(), Type.Unknown()),
    }),
    { maxItems: 8 },
  ),
  layers: Type.Array(Text, { maxItems: 16 }),
});
/** The first line of the answer; null = the publication is not live there. */
export const PipeReply = Type.Object({
  ...PeerReply.properties,
  answer: Type.Object({ offer: Type.Union([PipeOffer, Type.Null()]) }),
});
/** Connects new transports. */
export const PipeConnect = Type.Object({ connect: PipeEnd });

const compiled = new Map<TSchema, { Check(value: unknown): boolean }>();

/** Throws with the first field that is not valid. */
export function checkMessage<S extends TSchema>(schema: S, value: unknown, what: string): Static<S> {
  const known = compiled.get(schema) ?? Compile(schema);
  compiled.set(schema, known);
  if (known.Check(value)) return value as Static<S>;
  const [fault] = schemaFindings(schema, value, what);
  throw new Error(fault ? `${fault.field}: ${fault.reason}` : `${what}: not valid`);
}

export const isPeerOp = (text: string): text is PeerOp => Object.hasOwn(PEER_OPS, text);
