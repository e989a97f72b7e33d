import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { type Static, Type } from 'typebox';
import { sourceHost, sourceUrlRule, splitCredentials } from '../../../crds/schema/source-url.ts';
import { faultOfName } from '../../../crds/schema/stream-name.ts';
import type { Log } from '../../../process/logger.ts';
import type { PullOutcome, RestCaptureCalls, Wanted } from '../../fleet/rest-capture-calls.ts';
import { HttpError } from '../errors.ts';
import { sendCollected } from './collected-reply.ts';
import { bodyMayBeAbsent, NO_INPUT } from './input.ts';

export type PullRoutesDeps = {
  readonly pulls: Pick<RestCaptureCalls, 'list' | 'start' | 'stop'>;
  readonly log: Log;
  readonly callerOf: (request: FastifyRequest) => string;
};

type Kind = Wanted['kind'];

const closed = { additionalProperties: false } as const;
const uri = (kind: Kind) =>
  Type.String({ minLength: 1, maxLength: 2048, description: `URL such as \`${kind}://10.20.0.7/live/gate\`` });
const name = Type.String({ minLength: 1, maxLength: 256, description: 'Name of the stream; by default the URL' });
const flag = (description: string) => Type.Union([Type.Boolean(), Type.Enum(['true', 'false'])], { description });

const Startup = Type.Object({ uri: uri('rtsp'), toStream: Type.Optional(name) }, closed);
const Pull = Type.Object(
  {
    uri: uri('rtmp'),
    localStreamName: Type.Optional(name),
    hasAudio: Type.Optional(flag('Whether its sound is published')),
    hasVideo: Type.Optional(flag('Must be true: there is no capture without video')),
  },
  closed,
);

const ByUri = Type.Object(
  { uri: Type.String({ minLength: 1, maxLength: 2048, description: 'As when it was started' }) },
  closed,
);

const Done = Type.Object({});
const Found = Type.Array(
  Type.Object({
    uri: Type.String({ description: 'Without user name and password' }),
    status: Type.String({
      description: '`PLAYING`, or why it is not captured: the reason of the condition `Capturing`',
    }),
    localStreamName: Type.String(),
    localMediaSessionId: Type.Optional(Type.String()),
  }),
);

/** `/rest-api/rtsp/*` (WCS): captures of cameras. */
export async function rtspRoutes(app: FastifyInstance, deps: PullRoutesDeps): Promise<void> {
  app.post<{ Body: Static<typeof Startup> }>('/startup', {
    schema: { summary: 'Capture a camera', body: Startup, querystring: NO_INPUT, response: { 200: Done } },
    handler: (request, reply) => {
      const { toStream: name, uri } = request.body;
      return start(deps, { kind: 'rtsp', uri, name, hasAudio: true }, request, reply);
    },
  });
  endRoutes(app, 'rtsp', deps);
}

/** `/rest-api/pull/rtmp/*` (WCS): captures of other servers. */
export async function rtmpPullRoutes(app: FastifyInstance, deps: PullRoutesDeps): Promise<void> {
  app.post<{ Body: Static<typeof Pull> }>('/pull', {
    schema: {
      summary: 'Capture a stream of another server',
      body: Pull,
      querystring: NO_INPUT,
      response: { 200: Done },
    },
    handler: (request, reply) => {
      const { hasAudio, hasVideo, localStreamName, uri } = request.body;
      if (!isOn(hasVideo))
        throw new HttpError(400, 'body.hasVideo: must be true; a stream without video is not captured');
      return start(deps, { kind: 'rtmp', uri, name: localStreamName, hasAudio: isOn(hasAudio) }, request, reply);
    },
  });
  endRoutes(app, 'rtmp', deps);
}

const isOn = (flag: boolean | string = true): boolean => flag === true || flag === 'true';

/** `name`: undefined = the URL, without credentials. */
type Asked = Omit<Wanted, 'name'> & { readonly name: string | undefined };

async function start(
  { callerOf, log, pulls }: PullRoutesDeps,
  asked: Asked,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const { kind, uri } = asked;
  const rule = sourceUrlRule(kind);
  if (!rule.holds(uri)) throw new HttpError(400, `body.uri: ${rule.message}`);
  const { url } = splitCredentials(uri);
  const name = asked.name ?? url;
  // Another URL may hold a password, and players could not play it: for them, a URL names its capture and nothing else.
  const fault = name !== url && URL_FORM.test(name) ? 'must not be another URL' : faultOfName(name);
  if (fault !== null) throw new HttpError(400, `body: the name of the stream, by default the URL, ${fault}`);
  const outcome = await pulls.start({ ...asked, name });
  const { status } = outcome;
  log.info({ caller: callerOf(request), host: sourceHost(uri), status }, 'a capture was asked for by REST');
  return send(reply, outcome);
}

const URL_FORM = /^[a-z]+:\/\//i;

/** `find_all` and `terminate`. */
function endRoutes(app: FastifyInstance, kind: Kind, deps: PullRoutesDeps): void {
  const { callerOf, log, pulls } = deps;
  const findAll = async (_request: FastifyRequest, reply: FastifyReply) => {
    const { found, isComplete } = await pulls.list(kind);
    const objects = found.map(({ mediaSessionId, name, reason, url }) => ({
      uri: url,
      status: reason === 'Connected' ? 'PLAYING' : reason,
      localStreamName: name,
      ...(mediaSessionId === undefined ? {} : { localMediaSessionId: mediaSessionId }),
    }));
    return sendCollected(reply, { objects, missing: isComplete ? [] : ['a capture pod'] }, 'nothing is captured');
  };
  const schema = { summary: `All captures by ${kind.toUpperCase()}`, querystring: NO_INPUT, response: { 200: Found } };
  app.get('/find_all', { schema, handler: findAll });
  app.post('/find_all', { schema: { ...schema, body: NO_INPUT }, preValidation: bodyMayBeAbsent, handler: findAll });
  app.post<{ Body: Static<typeof ByUri> }>('/terminate', {
    schema: { summary: 'End a capture', body: ByUri, querystring: NO_INPUT, response: { 200: Done } },
    handler: async (request, reply) => {
      const { uri } = request.body;
      const outcome = await pulls.stop(uri);
      const { status } = outcome;
      log.info({ caller: callerOf(request), host: sourceHost(uri), status }, 'a capture was ended by REST');
      return send(reply, outcome);
    },
  });
}

/** Throws the error response of a call that was refused. */
function send(reply: FastifyReply, { detail, status }: PullOutcome): FastifyReply {
  if (status !== 200) throw new HttpError(status, detail);
  return reply.send({});
}
