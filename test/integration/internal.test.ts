import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { connect, type TLSSocket } from 'node:tls';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type FleetKey, formatFleetKey } from '../../crds/render/fleet-key.ts';
import type { PodStatus } from '../../crds/schema/internal.ts';
import type { ServerConfig } from '../../crds/schema/server-config.ts';
import type { Loaded } from '../../media-server/config/load.ts';
import { type InternalDeps, openInternal } from '../../media-server/fleet/internal-listener.ts';
import { PEER_OPS } from '../../media-server/fleet/messages.ts';
import { PodClient } from '../../operator/pods/client.ts';
import { ANY, anyAddress } from '../../process/addresses.ts';
import { INTERNAL_TLS } from '../../process/fleet-client.ts';
import { createLogger } from '../../process/logger.ts';
import { fleetOfOne } from '../builders/fleet-of-one.ts';
import { fakeStreams } from '../builders/streams.ts';
import { freePort } from '../harness/ports.ts';

const KEY = { identity: 'fleet-1', key: randomBytes(32) };
const CAPTURE_KEY = { identity: 'capture-1', key: randomBytes(32) };
const CONFIG: ServerConfig = {
  name: 'live',
  workers: 1,
  media: {
    port: 44444,
    codecs: ['opus'],
    cascade: { after: 25 },
    udpGso: true,
    pipePorts: { port: 45000, endPort: 45999 },
    iceServers: [],
  },
  rest: { httpPort: 8081, emptyFilter: 'Allow', trustedProxies: [], allowedOrigins: [], corsOrigins: [] },
  keepAlive: { enabled: false, appKeys: [] },
  limits: { publications: 0, playbacks: 0 },
  drain: { timeoutMs: 0 },
  hooks: [],
  apps: [],
};
const STATUS: PodStatus = {
  pod: 'live-0',
  config: { counter: 1, hash: 'h', refused: null },
  draining: false,
  publications: 3,
  playbacks: 4,
  apps: [],
  hooks: [],
};

describe('the internal listener', () => {
  let folder: string;
  let port: number;
  let offered: Loaded[];
  let logged: object[];
  /** Paths of requests of capture programs. */
  let served: string[];
  let close: (() => Promise<void>)[];

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'sluice-internal-'));
    await writeFile(join(folder, 'fleet.key'), formatFleetKey(KEY));
    port = await freePort();
    offered = [];
    logged = [];
    served = [];
    const deps: InternalDeps = {
      host: anyAddress(),
      port,
      keyFile: join(folder, 'fleet.key'),
      status: () => STATUS,
      offer: (loaded) => offered.push(loaded),
      fleet: fleetOfOne(fakeStreams()),
      cordon: () => undefined,
      terminations: { carryOut: async () => ({ matched: 1, terminated: 1 }) },
      sessions: (_request, response) => response.end(),
      captures: (request, response) => {
        served.push(request.url ?? '');
        response.end();
      },
      calls: { serve: async (channel) => channel.close() },
      pipes: { serve: async (channel) => channel.close() },
      log: createLogger('info', { write: (line) => logged.push(JSON.parse(line)) }),
    };
    const listener = await openInternal(deps);
    close = [() => listener.close()];
  });

  afterEach(async () => {
    for (const each of close.reverse()) await each();
    await rm(folder, { recursive: true, force: true });
  });

  const pod = () => ({ address: '127.0.0.1', internalPort: port });

  const client = (key = KEY): PodClient => {
    const made = new PodClient(key);
    close.push(() => made.close());
    return made;
  };

  it.each(['127.0.0.1', ...(anyAddress() === ANY ? ['::1'] : [])])('answers at %s', async (address) => {
    expect(await client().status({ address, internalPort: port })).toEqual(STATUS);
  });

  type Sent = { readonly method: string; readonly path: string; readonly body: string; readonly key?: FleetKey };

  /** A request that the operator's client never sends. An empty answer is null. */
  const send = ({ body, key = KEY, method, path }: Sent): Promise<{ status: number | undefined; body: unknown }> =>
    new Promise((resolve, reject) => {
      const options = {
        ...INTERNAL_TLS,
        ...{ host: '127.0.0.1', port, path, method, agent: false },
        headers: { 'content-type': 'application/json' },
        pskCallback: () => ({ psk: key.key, identity: key.identity }),
        checkServerIdentity: () => undefined,
      };
      request(options, async (response) => {
        resolve({ status: response.statusCode, body: JSON.parse((await text(response)) || 'null') });
      })
        .on('error', reject)
        .end(body);
    });

  it('reports the status to a client with the key, and accepts a config with its assets', async () => {
    expect(await client().status(pod())).toEqual(STATUS);
    const assets = { 'secret.api_ops': Buffer.from('t1').toString('base64') };
    expect(await client().push(pod(), { counter: 7, config: CONFIG, assets })).toEqual(STATUS);
    expect(offered).toMatchObject([{ bundle: { config: CONFIG }, delivery: { counter: 7 } }]);
    expect(offered[0]?.bundle.assets.get('secret.api_ops')?.toString()).toBe('t1');
  });

  it.each([
    ['another key', { ...KEY, key: randomBytes(32) }],
    ['another identity', { ...KEY, identity: 'fleet-2' }],
  ])('rejects a client with %s', async (_what, key) => {
    await expect(client(key).status(pod())).rejects.toThrow();
  });

  it('accepts a second key during rotation, and only the new one afterwards, without a restart', async () => {
    const next = { identity: 'fleet-2', key: randomBytes(32) };
    await writeFile(join(folder, 'fleet.key'), formatFleetKey(next) + formatFleetKey(KEY));
    for (const key of [KEY, next]) expect(await client(key).status(pod())).toEqual(STATUS);
    await writeFile(join(folder, 'fleet.key'), formatFleetKey(next));
    await expect(client(KEY).status(pod())).rejects.toThrow();
  });

  it('does not resume a session, which would need no key', async () => {
    // As long as a session can be resumed, a key that was removed still opens the listener.
    const [ticket, isResumed] = await twoHandshakes();
    expect([ticket, isResumed]).toEqual([false, false]);
  });

  /** Whether the listener gives a client a session to resume, and whether it resumes that session. */
  async function twoHandshakes(): Promise<[boolean, boolean]> {
    const options = { ...INTERNAL_TLS, host: '127.0.0.1', port, checkServerIdentity: () => undefined };
    const shake = (session?: Buffer): Promise<TLSSocket> =>
      new Promise((resolve, reject) => {
        const pskCallback = () => ({ psk: KEY.key, identity: KEY.identity });
        const socket = connect({ ...options, pskCallback, session }, () => resolve(socket));
        socket.on('error', reject);
        close.push(async () => void socket.destroy());
      });
    const first = await shake();
    const second = await shake(first.getSession());
    return [first.getTLSTicket() !== undefined, second.isSessionReused()];
  }

  it('rejects every client when it has no key', async () => {
    await rm(join(folder, 'fleet.key'));
    await expect(client().status(pod())).rejects.toThrow();
  });

  it.each([
    ['GET', '/internal/status'],
    ['PUT', '/internal/config'],
    ['PUT', '/internal/roster'],
    ['PUT', '/internal/cordon'],
    ['PUT', '/internal/termination'],
    ['POST', '/internal/pipe'],
    ...['/whip/a/b', '/whep/a/b', '/captures/a/b'].map((path) => ['POST', `/internal/session${path}`]),
    ...Object.keys(PEER_OPS).map((op) => ['POST', `/internal/peer/${op}`]),
    ['GET', '/internal/captures'],
    ['GET', '/nowhere'],
  ])('refuses %s %s to a capture program, before its body is read', async (method = '', path = '') => {
    await writeFile(join(folder, 'fleet.key'), formatFleetKey(CAPTURE_KEY) + formatFleetKey(KEY));
    const answer = await send({ method, path, body: method === 'GET' ? '' : '{', key: CAPTURE_KEY });
    expect(answer).toEqual({ status: 403, body: { error: 'this key opens only /internal/captures' } });
    expect(served).toEqual([]);
  });

  it.each([
    ['a capture program', CAPTURE_KEY],
    ['a member of the fleet', KEY],
  ])('serves captures to %s', async (_what, key) => {
    await writeFile(join(folder, 'fleet.key'), formatFleetKey(CAPTURE_KEY) + formatFleetKey(KEY));
    const path = '/internal/captures/defaultApp/gate?uid=u';
    expect(await send({ method: 'POST', path, body: 'v=0', key })).toEqual({ status: 200, body: null });
    expect(served).toEqual([path]);
  });

  it('rejects clients without a key, whatever TLS they offer', async () => {
    const outcome = await new Promise<string>((resolve) => {
      const socket = connect({ host: '127.0.0.1', port, rejectUnauthorized: false }, () => resolve('let in'));
      socket.on('error', (error) => resolve(error.message));
    });
    expect(outcome).not.toBe('let in');
    expect(INTERNAL_TLS.ciphers).toContain('PSK');
  });

  it('refuses a config with an unknown field as a whole, and names the field', async () => {
    const config = { ...CONFIG, drain: { timeoutMs: 0, patience: 1 } };
    const push = client().push(pod(), { counter: 8, config, assets: {} });
    await expect(push).rejects.toThrow('body.config.drain.patience: unknown field');
    expect(offered).toEqual([]);
  });

  it('refuses a config that names a missing asset', async () => {
    const auth = { type: 'tokens' as const, tokens: [{ name: 'ops', token: 'secret.api_ops' }] };
    const config = { ...CONFIG, rest: { ...CONFIG.rest, auth } };
    const push = client().push(pod(), { counter: 8, config, assets: {} });
    await expect(push).rejects.toThrow('body.assets.secret.api_ops: is missing');
    expect(offered).toEqual([]);
    expect(logged).toMatchObject([{ fault: 'body.assets.secret.api_ops: is missing' }]);
  });

  it('refuses a body that is nested a million deep, as a fault of the caller', async () => {
    const deep = `${'['.repeat(1e6)}${']'.repeat(1e6)}`;
    const body = `{"counter":8,"config":${deep},"assets":{}}`;
    const answer = await send({ method: 'PUT', path: '/internal/config', body });
    expect(answer).toEqual({ status: 400, body: { error: 'body: must not be nested deeper than 64 levels' } });
    expect(offered).toEqual([]);
  });
});
