import { constants } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import Fastify, { type FastifyInstance, type FastifyReply } from 'fastify';
import { assetNames } from '../../crds/render/asset-names.ts';
import { type KeyRole, parseFleetKeys, roleOf } from '../../crds/render/fleet-key.ts';
import { hashOf } from '../../crds/render/hash.ts';
import { CALLS_PATH, LONGEST_CALL } from '../../crds/schema/capture-calls.ts';
import { ConfigPush, Cordon, type PodStatus, Roster, TerminationOrder } from '../../crds/schema/internal.ts';
import { schemaFindings } from '../../crds/validate/resource.ts';
import { INTERNAL_TLS } from '../../process/fleet-client.ts';
import { listenFault } from '../../process/listen.ts';
import type { Log } from '../../process/logger.ts';
import { depthFault } from '../config/documents.ts';
import type { Loaded } from '../config/load.ts';
import type { CapturePrograms } from './capture-programs.ts';
import type { Fleet } from './fleet.ts';
import { FORWARDED_PREFIX } from './forward.ts';
import { LineChannel, NDJSON } from './line-channel.ts';
import { checkMessage, isPeerOp } from './messages.ts';
import type { OutgoingPipes } from './outgoing-pipes.ts';
import { PIPE_PATH } from './peer-wire.ts';
import type { Terminations } from './terminations.ts';

export type InternalDeps = {
  readonly host: string;
  /** Read at each handshake: a key is rotated without a restart. */
  readonly keyFile: string;
  readonly status: () => PodStatus;
  readonly offer: (loaded: Loaded) => void;
  readonly fleet: Pick<Fleet, 'answer' | 'takeRoster'>;
  /** Sets whether this pod takes no new streams. */
  readonly cordon: (cordoned: boolean) => void;
  readonly terminations: Pick<Terminations, 'carryOut'>;
  /** Serves WHIP and WHEP requests of clients that another pod hands on. */
  readonly sessions: (request: IncomingMessage, response: ServerResponse) => void;
  /** Serves capture programs. */
  readonly captures: (request: IncomingMessage, response: ServerResponse) => void;
  /** Serves programs of captures that wait for viewers. */
  readonly calls: Pick<CapturePrograms, 'serve'>;
  readonly pipes: Pick<OutgoingPipes, 'serve'>;
  readonly log: Log;
  readonly port: number;
};

/** Where the routes of captures are. */
export const CAPTURES_PREFIX = '/internal/captures';

/** A config has at most 900 KiB, its assets come as base64. */
const MAX_BODY_BYTES = 4 << 20;
/** All names and bans of a pod. */
const MAX_PEER_BYTES = 64 << 20;

/**
 * The listener for the operator, the other pods and capture programs: TLS with a pre-shared key, so that both sides are
 * authenticated. The key is the only credential. Throws if the port is in use.
 */
export async function openInternal(deps: InternalDeps): Promise<FastifyInstance> {
  const roles: Roles = new WeakMap();
  const https = pskOptions(deps.keyFile, roles);
  const app = Fastify({ bodyLimit: MAX_BODY_BYTES, https, forceCloseConnections: true });
  app.addHook('onRequest', async ({ raw, routeOptions }, reply) => {
    if (roles.get(raw.socket) === 'fleet' || routeOptions.url?.startsWith(`${CAPTURES_PREFIX}/`)) return;
    reply.code(403).send({ error: `this key opens only ${CAPTURES_PREFIX}` });
  });
  app.get('/internal/status', async () => deps.status());
  app.put('/internal/config', async (request, reply) => {
    const fault = faultOf(request.body);
    if (fault !== null) {
      deps.log.warn({ fault }, 'a config from the operator is not valid; the old one keeps running');
      return reply.code(400).send({ error: fault });
    }
    deps.offer(loadedFrom(request.body as ConfigPush));
    return deps.status();
  });
  app.put('/internal/roster', async ({ body }, reply) => {
    try {
      deps.fleet.takeRoster(checkMessage(Roster, body, 'body'));
      return deps.status();
    } catch (error) {
      return refuse(deps, reply, 'a roster from the operator was not taken over', error);
    }
  });
  app.post<{ Params: { op: string } }>(
    '/internal/peer/:op',
    { bodyLimit: MAX_PEER_BYTES },
    async ({ body, params: { op } }, reply) => {
      if (!isPeerOp(op)) return reply.code(404).send({ error: `call ${op} not found` });
      try {
        return await deps.fleet.answer(op, body);
      } catch (error) {
        return refuse(deps, reply, 'a call of another pod failed', error);
      }
    },
  );
  app.put('/internal/cordon', async ({ body }, reply) => {
    try {
      deps.cordon(checkMessage(Cordon, body, 'body').cordoned);
      return deps.status();
    } catch (error) {
      return refuse(deps, reply, 'a call of the operator failed', error);
    }
  });
  app.put('/internal/termination', async ({ body }, reply) => {
    try {
      return await deps.terminations.carryOut(checkMessage(TerminationOrder, body, 'body'));
    } catch (error) {
      return refuse(deps, reply, 'a StreamTermination was not carried out', error);
    }
  });
  handOver(app, `${FORWARDED_PREFIX}/*`, (request, response) => {
    request.url = request.url?.slice(FORWARDED_PREFIX.length) ?? '';
    deps.sessions(request, response);
  });
  handOver(app, `${CAPTURES_PREFIX}/*`, deps.captures);
  handOver(app, PIPE_PATH, (...sides) => void deps.pipes.serve(lines(...sides)));
  handOver(app, CALLS_PATH, (...sides) => void deps.calls.serve(lines(...sides, LONGEST_CALL)));
  const { host, port } = deps;
  try {
    await app.listen({ host, port });
  } catch (error) {
    throw listenFault(error, { host, port, setting: 'spec.internal.port' });
  }
  return app;
}

function refuse({ log }: InternalDeps, reply: FastifyReply, what: string, error: unknown): FastifyReply {
  log.warn({ err: error }, what);
  return reply.code(400).send({ error: error instanceof Error ? error.message : String(error) });
}

/** Hands requests over before their body is read. */
function handOver(app: FastifyInstance, path: string, serve: InternalDeps['sessions']): void {
  app.register(async (scope) => {
    scope.addHook('onRequest', async ({ raw }, reply) => {
      reply.hijack();
      serve(raw, reply.raw);
    });
    scope.all(path, () => undefined);
  });
}

/** Answers a request with lines, while it goes on. */
function lines(request: IncomingMessage, response: ServerResponse, mostLength?: number): LineChannel {
  response.writeHead(200, NDJSON);
  response.flushHeaders();
  return new LineChannel(request, response, mostLength);
}

/** Validates a push: an operator of another version may send unknown fields. */
function faultOf(body: unknown): string | null {
  const tooDeep = depthFault(body);
  if (tooDeep !== null) return `body: ${tooDeep}`;
  const [fault] = schemaFindings(ConfigPush, body, 'body');
  if (fault) return `${fault.field}: ${fault.reason}`;
  const { assets, config } = body as ConfigPush;
  const missing = assetNames(config).find((name) => !Object.hasOwn(assets, name));
  return missing === undefined ? null : `body.assets.${missing}: is missing`;
}

function loadedFrom({ assets, config, counter }: ConfigPush): Loaded {
  const contents = Object.entries(assets).map(([name, text]): [string, Buffer] => [name, Buffer.from(text, 'base64')]);
  const bundle = { config, assets: new Map(contents) };
  return { bundle, findings: [], delivery: { counter, hash: hashOf(bundle) } };
}

/** What the key of a connection opens. */
type Roles = WeakMap<object, KeyRole>;

function pskOptions(keyFile: string, roles: Roles) {
  return {
    ...INTERNAL_TLS,
    // A session that is resumed asks for no key: it would go on with one that has been removed, and have no role.
    secureOptions: constants.SSL_OP_NO_TICKET,
    pskCallback: (socket: object, identity: string): Buffer | null => {
      const found = parseFleetKeys(readOrEmpty(keyFile)).find((key) => key.identity === identity);
      if (!found) return null;
      roles.set(socket, roleOf(found));
      return found.key;
    },
  };
}

/** An unreadable file counts as no key: every handshake fails. */
function readOrEmpty(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
