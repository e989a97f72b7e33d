import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { Backend, type Call } from '../harness/backend.ts';
import { TestServer } from '../harness/media-server.ts';
import { type Fetch, RtcClient } from '../harness/rtc-client.ts';
import { until } from '../harness/wait.ts';

let backend: Backend;
let server: TestServer;
const clients: RtcClient[] = [];

beforeAll(async () => {
  backend = await Backend.start();
  server = await TestServer.start({ hookUrl: backend.url });
});

afterEach(async () => {
  await server.terminate({});
  for (const client of clients.splice(0)) client.close();
  backend.allowAll();
  backend.calls.length = 0;
});

afterAll(async () => {
  await server?.stop();
  await backend?.close();
});

const whip = (name: string) => `${server.url}/whip/defaultApp/${name}`;
const whep = (name: string) => `${server.url}/whep/defaultApp/${name}`;

async function publish(name: string): Promise<RtcClient> {
  const client = await RtcClient.publish(whip(name));
  clients.push(client);
  await client.connected();
  await until('the publication is live', async () =>
    (await server.streams()).some((s) => s['name'] === name && s['status'] === 'PUBLISHING'),
  );
  return client;
}

async function play(name: string): Promise<RtcClient> {
  const client = await RtcClient.play(whep(name));
  clients.push(client);
  await client.connected();
  await until('media arrives', () => client.received > 0);
  return client;
}

describe('a 403 to StreamKeepAliveEvent', () => {
  it('ends a playback and leaves its publication alone', async () => {
    const publisher = await publish('a');
    const player = await play('a');
    backend.refuseKeepAlive(({ published }) => published === false);
    await player.ended();
    const event = await backend.waitFor('StreamStatusEvent', ({ body }) => body['status'] === 'FAILED');
    expect(event.body).toMatchObject({ name: 'a', published: false, info: 'Terminated by keep-alive' });
    expect(publisher.state).toBe('connected');
    expect(await server.streams()).toMatchObject([{ name: 'a', published: true, status: 'PUBLISHING' }]);
  });

  it('ends a publication and its playbacks, and it can be published and played again at once', async () => {
    const publisher = await publish('b');
    const player = await play('b');
    backend.refuseKeepAlive(({ published }) => published === true);
    await publisher.ended();
    await player.ended();
    const ended = await backend.waitFor(
      'StreamStatusEvent',
      ({ body }) => body['info'] === 'Stopped by publisher stop',
    );
    expect(ended.body).toMatchObject({ published: false, status: 'FAILED' });
    backend.allowAll();
    await publish('b');
    await play('b');
  });
});

describe('POST /rest-api/stream/terminate', () => {
  it('ends one playback by name and direction', async () => {
    const publisher = await publish('c');
    const player = await play('c');
    const { body, status } = await server.terminate({ name: 'c', published: false });
    expect(status).toBe(200);
    expect(body).toEqual({ matched: 1, terminated: 1, pods: [{ pod: 'pod-0', matched: 1, terminated: 1 }] });
    await player.ended();
    expect(publisher.state).toBe('connected');
    expect(await server.streams()).toHaveLength(1);
  });

  it('ends by mediaSessionId, mediaSessionIds, sessionId, status and appKey', async () => {
    for (const pick of ['mediaSessionId', 'mediaSessionIds', 'sessionId', 'status', 'appKey']) {
      await publish('d');
      const [stream] = await server.streams();
      const value = pick === 'mediaSessionIds' ? [stream?.['mediaSessionId']] : stream?.[pick];
      const { body, status } = await server.terminate({ [pick]: value });
      expect({ pick, status, body }).toMatchObject({ pick, status: 200, body: { matched: 1, terminated: 1 } });
    }
  });

  it('ends everything for {} and leaves nothing behind', async () => {
    await publish('e');
    await play('e');
    const { body, status } = await server.terminate({});
    expect(status).toBe(200);
    expect(body).toMatchObject({ matched: 2, terminated: 2 });
    expect(await server.streams()).toEqual([]);
    expect(await server.metric('sluice_worker_transports')).toBe(0);
    // Media is counted up to the end, whenever that was.
    for (const direction of ['publish', 'play']) {
      expect(await server.metric('sluice_rtp_bytes_total', { direction })).toBeGreaterThan(0);
    }
    expect(await server.metric('sluice_keepalive_subject_streams')).toBe(0);
    expect((await server.terminate({})).status).toBe(404);
  });

  it('only lists what would end with dryRun', async () => {
    await publish('f');
    const { body, status } = await server.terminate({ name: 'f' }, '?dryRun=true');
    expect({ status, body }).toMatchObject({ status: 200, body: { matched: 1, terminated: 0 } });
    expect(await server.streams()).toHaveLength(1);
  });

  it('ends a publish that waits for its hook; the client gets 403 with the info', async () => {
    backend.answer = ({ method }) => (method === 'publishStream' ? () => undefined : 200);
    const waiting = RtcClient.publish(whip('g'));
    await until('the stream waits', async () => (await server.streams()).some((s) => s['status'] === 'PENDING'));
    const { body } = await server.terminate({ name: 'g', status: 'PENDING' });
    expect(body).toMatchObject({ matched: 1, terminated: 1 });
    const client = await waiting;
    clients.push(client);
    expect(client.status).toBe(403);
    expect(client.problem).toContain('Stopped by rest /terminate');
    expect(await server.streams()).toEqual([]);
  });

  it('counts one termination for two callers on one stream', async () => {
    await publish('h');
    const answers = await Promise.all([server.terminate({ name: 'h' }), server.terminate({ name: 'h' })]);
    const terminated = answers.map(({ body }) => (body as { terminated: number }).terminated);
    expect(terminated.sort()).toEqual([0, 1]);
  });

  it('denies the same client with denyFor, and only that one', async () => {
    const first = await RtcClient.publish(whip('i'), { token: 'one' });
    clients.push(first);
    await first.connected();
    const { body } = await server.terminate({ name: 'i' }, '?denyFor=60s');
    expect(body).toMatchObject({ matched: 1, terminated: 1, denied: 1 });
    const again = await RtcClient.publish(whip('i'), { token: 'one' });
    const other = await RtcClient.publish(whip('i'), { token: 'two' });
    clients.push(again, other);
    expect([again.status, other.status]).toEqual([403, 201]);
  });

  it('does not deny clients that share an address, and reports that', async () => {
    const proxied: Fetch = (url, init) =>
      fetch(url, { ...init, headers: { ...init.headers, 'x-forwarded-for': '203.0.113.9' } });
    const first = await RtcClient.publish(whip('i2'), { fetch: proxied });
    clients.push(first);
    const { body } = await server.terminate({ name: 'i2' }, '?denyFor=60s');
    expect(body).toMatchObject({ matched: 1, terminated: 1, denied: 0 });
    const other = await RtcClient.publish(whip('i2'), { fetch: proxied });
    clients.push(other);
    expect(other.status).toBe(201);
  });
});

describe('the end of a stream by its client', () => {
  it('is reported with unPublishStream, the final status and DISCONNECTED, in this order', async () => {
    const publisher = await publish('j');
    const response = await fetch(publisher.location, { method: 'DELETE' });
    expect(response.status).toBe(200);
    const { sessionId } = (await backend.waitFor('unPublishStream')).body;
    const own = ({ body }: Call): boolean => body['sessionId'] === sessionId;
    await backend.waitFor('ConnectionStatusEvent', (call) => own(call) && call.body['status'] === 'DISCONNECTED');
    const calls = backend.calls.filter((call) => own(call) && call.method !== 'StreamKeepAliveEvent');
    expect(calls.map(({ body, method }) => `${method} ${body['status']}`)).toEqual([
      'connect PENDING',
      'ConnectionStatusEvent ESTABLISHED',
      'publishStream PENDING',
      'StreamStatusEvent PUBLISHING',
      'unPublishStream UNPUBLISHED',
      'StreamStatusEvent UNPUBLISHED',
      'ConnectionStatusEvent DISCONNECTED',
    ]);
    expect((await fetch(publisher.location, { method: 'DELETE' })).status).toBe(404);
  });

  it('is detected without a DELETE: its name is free again in half a minute', async () => {
    const publisher = await publish('k');
    publisher.close();
    await until('the stream has ended', async () => (await server.streams()).length === 0, { timeoutMs: 30_000 });
    await publish('k');
  });
});

describe('names and admission', () => {
  it('answers 409 for a name that is in use and for a stream that is not live', async () => {
    await publish('l');
    const second = await RtcClient.publish(whip('l'));
    const player = await RtcClient.play(whep('nobody'));
    clients.push(second, player);
    expect([second.status, player.status]).toEqual([409, 409]);
    expect(second.problem).toContain('Stream name is already in use');
  });

  it('answers 404 for an unknown app', async () => {
    const client = await RtcClient.publish(`${server.url}/whip/nosuch/x`);
    clients.push(client);
    expect(client.status).toBe(404);
    expect(client.problem).toContain('nosuch');
  });

  it('answers 403 when the backend refuses, with the info Restricted access', async () => {
    backend.answer = ({ method }) => (method === 'publishStream' ? 403 : 200);
    const client = await RtcClient.publish(whip('m'));
    clients.push(client);
    expect(client.status).toBe(403);
    const event = await backend.waitFor('StreamStatusEvent');
    expect(event.body).toMatchObject({ status: 'FAILED', info: 'Restricted access' });
  });

  it('answers 503 when the backend cannot be reached', async () => {
    backend.answer = ({ method }) => (method === 'connect' ? 500 : 200);
    const client = await RtcClient.publish(whip('n'));
    clients.push(client);
    expect(client.status).toBe(503);
  });
});

describe('the event stream of a session', () => {
  it('sends status and info when the stream is ended, and closes', async () => {
    const publisher = await publish('o');
    const response = await fetch(`${publisher.location}/events`);
    expect(response.headers.get('content-type')).toBe('text/event-stream');
    const text = response.text();
    await server.terminate({ name: 'o' });
    expect(await text).toContain('event: status\ndata: {"status":"FAILED","info":"Stopped by rest /terminate"}\n\n');
  });
});
