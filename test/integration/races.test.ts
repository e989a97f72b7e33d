import { readFile } from 'node:fs/promises';
import { afterEach, describe, expect, it } from 'vitest';
import type { Backend } from '../harness/backend.ts';
import type { TestServer } from '../harness/media-server.ts';
import { RtcClient } from '../harness/rtc-client.ts';
import { Stage } from '../harness/stage.ts';
import { until } from '../harness/wait.ts';

const stage = new Stage();

afterEach(() => stage.clear());

/** Expects each stream to end exactly once. */
async function expectOneEndEach(server: TestServer, backend: Backend, count: number): Promise<void> {
  await until('all have ended', async () => (await server.streams()).length === 0);
  expect(await server.metric('sluice_stream_ends_total')).toBe(count);
  const disconnected = () =>
    backend.of('ConnectionStatusEvent').filter(({ body }) => body['status'] === 'DISCONNECTED');
  await until('the backend has heard of all', () => disconnected().length >= count);
  expect(disconnected()).toHaveLength(count);
}

/** The pid of its mediasoup worker. */
async function workerOf(server: TestServer): Promise<number> {
  const pid = server.process.child.pid ?? 0;
  return Number((await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8')).trim().split(' ')[0]);
}

describe('a terminate that races', () => {
  it('with DELETE ends the stream once', async () => {
    const { backend, server } = await stage.setUp();
    for (let round = 0; round < 5; round++) {
      const client = await stage.publish(server, `a${round}`);
      const [answer, deleted] = await Promise.all([
        server.terminate({ name: `a${round}` }),
        fetch(client.location, { method: 'DELETE' }),
      ]);
      expect([200, 404]).toContain(answer.status);
      expect([200, 404]).toContain(deleted.status);
      // At least one of the two has found it.
      expect([answer.status, deleted.status]).toContain(200);
    }
    await expectOneEndEach(server, backend, 5);
  });

  it('with the death of the worker gets an answer, and ends the stream once', async () => {
    const { backend, server } = await stage.setUp();
    await stage.publish(server, 'a');
    await stage.publish(server, 'b');
    const answer = server.terminate({});
    process.kill(await workerOf(server), 'SIGKILL');
    expect([200, 404]).toContain((await answer).status);
    await expectOneEndEach(server, backend, 2);
    await until('a new stream can be published', async () => {
      const client = await stage.client(server, 'publish', 'a');
      return client.status === 201;
    });
  });

  it('with admission leaves nothing behind, whichever comes first', async () => {
    const { backend, server } = await stage.setUp();
    const statuses = Array.from({ length: 20 }, async (_, index) => {
      const client = await stage.client(server, 'publish', `s${index}`);
      return client.status;
    });
    for (let round = 0; round < 10; round++) await server.terminate({});
    expect((await Promise.all(statuses)).every((status) => status === 201 || status === 403)).toBe(true);
    await server.terminate({});
    await expectOneEndEach(server, backend, 20);
    expect(await server.metric('sluice_worker_transports')).toBe(0);
  });
});

const UNANSWERED = new Response(null, { status: 504 });

describe('a client that disconnects while it waits for its previous name to become free', () => {
  it('is not published, and the backend is not asked about it', async () => {
    const { backend, server } = await stage.setUp();
    await stage.publish(server, 'a');
    const worker = await workerOf(server);
    // The end of the old stream waits for the worker, for at most 2 s.
    process.kill(worker, 'SIGSTOP');
    const ended = server.terminate({ name: 'a' });
    const gone = new AbortController();
    const again = RtcClient.publish(`${server.url}/whip/defaultApp/a`, {
      fetch: (url, init) => fetch(url, { ...init, signal: gone.signal }).catch(() => UNANSWERED),
    });
    setTimeout(() => gone.abort(), 500);
    (await again).close();
    await ended;
    process.kill(worker, 'SIGCONT');
    await stage.publish(server, 'b');
    expect((await server.streams()).map(({ name }) => name)).toEqual(['b']);
    expect(backend.of('connect')).toHaveLength(2);
  });
});

describe('a client that is ended and publishes again at once', () => {
  it('waits for its name to become free, also when the backend assigned that name', async () => {
    const { backend, server } = await stage.setUp({
      restHook: { methods: [{ name: 'publishStream', restPolicy: 'OVERWRITE', restOverwrite: ['name'] }] },
    });
    backend.answer = () => ({ status: 200, body: '{"name":"final"}' });
    expect((await stage.client(server, 'publish', 'key')).status).toBe(201);
    const worker = await workerOf(server);
    // The end of the old stream waits for the worker, for at most 2 s.
    process.kill(worker, 'SIGSTOP');
    const ended = server.terminate({ name: 'final' });
    const again = stage.client(server, 'publish', 'key');
    await until('the backend is asked again', () => backend.of('publishStream').length === 2);
    setTimeout(() => process.kill(worker, 'SIGCONT'), 200);
    await ended;
    expect((await again).status).toBe(201);
  });
});

describe('an event stream of a client that disconnects', () => {
  it('leaves nothing behind, and the stream continues', async () => {
    const { server } = await stage.setUp();
    const client = await stage.publish(server, 'a');
    const gone = new AbortController();
    await fetch(`${client.location}/events`, { signal: gone.signal });
    gone.abort();
    expect((await server.streams())[0]).toMatchObject({ name: 'a', status: 'PUBLISHING' });
  });
});

describe('credentials that are edited while streams are live', () => {
  it('take effect at once for the REST API and for hook calls', async () => {
    const { backend, server } = await stage.setUp({
      mediaServer: { rest: { authRef: { name: 'api' } } },
      restHook: { methods: [{ name: 'StreamKeepAliveEvent' }], auth: { type: 'bearer', secretRef: { name: 'hook' } } },
      documents: [
        { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'api' }, stringData: { ops: 'old-token' } },
        { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'hook' }, stringData: { token: 'old-hook' } },
      ],
    });
    const status = async (token: string) =>
      (await server.api('/stream/find_all', undefined, { authorization: `Bearer ${token}` })).status;
    const client = await stage.client(server, 'publish', 'a');
    await client.connected();
    const signed = (token: string) => () => backend.calls.at(-1)?.headers.authorization === `Bearer ${token}`;
    await until('the old token is sent', signed('old-hook'));
    expect([await status('old-token'), await status('new-token')]).toEqual([200, 401]);
    await server.edit((text) => text.replace('old-token', 'new-token').replace('old-hook', 'new-hook'));
    await until('the new token is taken', async () => (await status('new-token')) === 200);
    expect(await status('old-token')).toBe(401);
    await until('the new token is sent', signed('new-hook'));
    expect(client.state).toBe('connected');
  });
});
