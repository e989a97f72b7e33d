import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { type Static, Type } from 'typebox';
import { MEDIA_PROVIDERS } from '../../../crds/schema/stream.ts';
import type { Clock, Timer } from '../../../process/clock.ts';
import type { Drain } from '../../fleet/drain.ts';
import { causeOf } from '../../sessions/rejections.ts';
import type { Rejection, StreamOutcome } from '../../sessions/requests.ts';
import type { CaptureRequest } from '../../sessions/single.ts';
import type { CaptureOrigin } from '../../streams/capture-origin.ts';
import type { Stream, StreamChange } from '../../streams/stream.ts';
import type { Terminator } from '../../streams/terminate.ts';
import { plainAddress } from '../client-address.ts';
import { pathOf } from '../errors.ts';
import { acceptSdp, readOffer, sendAnswer, startedOf } from '../sessions/offer-routes.ts';
import { Resources } from '../sessions/resources.ts';
import { followStream } from '../sessions/session-events.ts';
import { noSuchSession, type SessionRoutes, sessionRoutes } from '../sessions/session-routes.ts';
import { eventsLink } from '../sessions/whip-routes.ts';
import { Attendance } from './attendance.ts';

export type CaptureRoutesDeps = {
  readonly capture: (request: CaptureRequest) => Promise<StreamOutcome>;
  readonly terminator: Terminator;
  /** Whether anybody plays a publication. */
  readonly isPlayed: (publication: Stream) => boolean;
  readonly clock: Clock;
  /** Programs take their publications elsewhere when clients are sent away. */
  readonly drain: Pick<Drain, 'onSendAway' | 'sendsAway'>;
};

/** The program takes a media server that is silent for three heartbeats for dead. */
const HEARTBEAT_MS = 5_000;
/** How often viewers are looked for. */
const LOOK_MS = 1_000;

const number = (description: string) => Type.String({ pattern: '^\\d{1,16}$', description });
const CAPTURED = MEDIA_PROVIDERS.filter((provider) => provider !== 'WebRTC');

const CaptureQuery = Type.Object(
  {
    uid: Type.String({ minLength: 1, maxLength: 253, description: 'Uid of the StreamCapture' }),
    epoch: number('Number of the assignment of the capture to a program'),
    attempt: number('Grows with each attempt of that program to publish it'),
    generation: number('Generation of the StreamCapture'),
    provider: Type.Enum(CAPTURED, {
      default: 'RTSP',
      description: 'What is captured: the `mediaProvider` of the stream',
    }),
    afterTermination: Type.Enum(['Stay', 'Restart'], {
      default: 'Stay',
      description: 'Whether the capture stays ended after an order to end it',
    }),
  },
  { additionalProperties: false },
);
type CaptureQuery = Static<typeof CaptureQuery>;

/**
 * WHIP (RFC 9725) for capture programs, which have a key of their own: a publication ends soon after its program does,
 * and answers have the address at which the program reached this pod.
 */
export async function captureRoutes(app: FastifyInstance, deps: CaptureRoutesDeps): Promise<void> {
  // Secrets of their own: those of clients open nothing here, and those of captures nothing on the public ports.
  const resources = new Resources();
  const attendance = new Attendance(deps);
  acceptSdp(app);
  app.post<{ Querystring: CaptureQuery }>(
    '/:appKey/:name',
    { schema: { querystring: CaptureQuery } },
    async (request, reply) => {
      const started = startedOf(await deps.capture(captureRequest(request, reply, deps.clock)), membersOf);
      attendance.add(started.stream);
      const location = `${pathOf(request)}/${resources.add(started.stream)}`;
      return sendAnswer(reply, started, { location, links: [eventsLink(location)] });
    },
  );
  sessionRoutes(app, captureSessions(resources, attendance, deps));
}

function captureSessions(
  resources: Resources,
  attendance: Attendance,
  { clock, drain, isPlayed, terminator }: CaptureRoutesDeps,
): SessionRoutes {
  return {
    direction: 'publish',
    path: '/:appKey/:name/:secret',
    terminator,
    held: (handle) => (request, reply) => handle(findStream(resources, request), request, reply),
    follow: (stream, reply) => {
      const leave = attendance.join(stream);
      const onClose = (): void => {
        leave();
        unfollow();
        viewers.cancel();
      };
      const events = followStream(stream, reply, { clock, describe: forProgram, heartbeatMs: HEARTBEAT_MS, onClose });
      const tell = (sendsAway: boolean): void => {
        if (stream.cause === null) events.send('drain', { sendsAway });
      };
      const unfollow = drain.onSendAway(tell);
      if (drain.sendsAway) tell(true);
      const viewers = watchViewers(
        () => isPlayed(stream),
        (isPlayed) => events.send('played', { isPlayed }),
        clock,
      );
    },
    prefixOf: () => '',
  };
}

/** A program tells by the cause whether its capture is to stay ended; the detail is for people. */
const membersOf = (rejection: Rejection) => ({ cause: causeOf(rejection) });

/** Looks whether a publication is played, and tells each change. Runs until it is cancelled. */
function watchViewers(isPlayed: () => boolean, tell: (isPlayed: boolean) => void, clock: Clock): Timer {
  let told: boolean | null = null;
  const look = (): Timer => {
    const now = isPlayed();
    if (now !== told) tell(now);
    told = now;
    return clock.setTimeout(() => {
      timer = look();
    }, LOOK_MS);
  };
  let timer = look();
  return { cancel: () => timer.cancel() };
}

/** What the program is told of a change, for the status of the StreamCapture; `cause` is null until the end. */
const forProgram = ({ captureCause: cause, id: mediaSessionId }: Stream, change: StreamChange): object => {
  return { mediaSessionId, ...change, cause };
};

function findStream(resources: Resources, { params }: FastifyRequest): Stream {
  const stream = resources.get((params as { secret: string }).secret);
  if (!stream) throw noSuchSession();
  return stream;
}

function captureRequest(
  request: FastifyRequest<{ Querystring: CaptureQuery }>,
  reply: FastifyReply,
  clock: Clock,
): CaptureRequest {
  const { headers, query, socket } = request;
  return {
    ...readOffer(request, reply, clock),
    capture: captureOf(query),
    client: {
      address: plainAddress(socket.remoteAddress ?? ''),
      isShared: false,
      origin: '',
      version: headers['user-agent'] ?? '',
      token: '',
    },
    custom: {},
    ...(socket.localAddress === undefined ? {} : { candidateAddress: plainAddress(socket.localAddress) }),
  };
}

const captureOf = ({ afterTermination, attempt, epoch, generation, provider, uid }: CaptureQuery): CaptureOrigin => ({
  ...{ uid, provider, afterTermination },
  epoch: Number(epoch),
  attempt: Number(attempt),
  generation: Number(generation),
});
