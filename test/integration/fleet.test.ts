import { afterAll, afterEach, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import type { TestServer } from '../harness/media-server.ts';
import { RtcClient } from '../harness/rtc-client.ts';
import { TestFleet } from '../harness/test-fleet.ts';
import { until } from '../harness/wait.ts';

let fleet: TestFleet;
const clients: RtcClient[] = [];

beforeAll(async () => {
  fleet = await TestFleet.start(3);
});
afterEach(async () => {
  for (const client of clients.splice(0)) client.close();
  for (const server of fleet.servers) await server.terminate({}, '?scope=pod');
});
afterAll(() => fleet.stop());

const pod = (index: number): TestServer => fleet.pod(index);

async function publish(index: number, name: string): Promise<RtcClient> {
  const client = await RtcClient.publish(`${pod(index).url}/whip/defaultApp/${name}`);
  clients.push(client);
  if (client.status === 201) await client.connected();
  return client;
}

async function play(index: number, name: string): Promise<RtcClient> {
  const client = await RtcClient.play(`${pod(index).url}/whep/defaultApp/${name}`);
  clients.push(client);
  return client;
}

/** Another pod learns a moment later that a publication is live. */
async function playSoon(index: number, name: string): Promise<RtcClient> {
  const attempts = [await play(index, name)];
  await until('it plays', async () => {
    if (attempts.at(-1)?.status !== 201) attempts.push(await play(index, name));
    return attempts.at(-1)?.status === 201;
  });
  return attempts.at(-1) as RtcClient;
}

/** The Location of a session, at another pod. */
const through = (index: number, { location }: RtcClient): string => `${pod(index).url}${new URL(location).pathname}`;

const names = (body: unknown): unknown[] => (body as { name: string }[]).map(({ name }) => name).sort();

describe('three pods', () => {
  it('play through any pod what is published on another one', async () => {
    await publish(0, 'a');
    const player = await playSoon(1, 'a');
    await player.connected();
    await until('packets arrive', () => player.received > 0);
    expect(names((await pod(2).api('/stream/find', { published: false })).body)).toEqual(['a']);
  });

  it('answer 409 for a stream that is live nowhere', async () => {
    expect((await play(1, 'nothing')).status).toBe(409);
  });

  it('end all streams with one call, and say where', async () => {
    const all = [await publish(0, 'a'), await publish(1, 'b')];
    const { body, status } = await pod(2).terminate({});
    expect([status, body]).toEqual([
      200,
      {
        matched: 2,
        terminated: 2,
        pods: [
          { pod: 'pod-2', matched: 0, terminated: 0 },
          { pod: 'pod-0', matched: 1, terminated: 1 },
          { pod: 'pod-1', matched: 1, terminated: 1 },
        ],
      },
    ]);
    await Promise.all(all.map((client) => client.ended()));
    expect((await pod(0).terminate({})).status).toBe(404);
    // Both can be published again.
    expect([(await publish(1, 'a')).status, (await publish(0, 'b')).status]).toEqual([201, 201]);
  });

  it('end only their own streams with scope=pod', async () => {
    await publish(0, 'a');
    expect((await pod(1).terminate({}, '?scope=pod')).status).toBe(404);
    expect((await pod(1).api('/stream/find_all?scope=pod')).status).toBe(404);
    expect(names((await pod(1).api('/stream/find_all')).body)).toEqual(['a']);
  });

  it('find the sessions and the ended streams of all pods', async () => {
    await publish(0, 'a');
    expect((await pod(1).api('/connection/find_all')).body).toHaveLength(1);
    await pod(1).terminate({ name: 'a' });
    const [newest] = (await pod(2).api('/stream/ended')).body as object[];
    expect(newest).toMatchObject({ name: 'a', cause: 'rest' });
  });

  it('publish a name once', async () => {
    await publish(0, 'a');
    expect(await publish(1, 'a')).toMatchObject({ status: 409, problem: expect.stringContaining('already in use') });
    expect((await publish(1, 'b')).status).toBe(201);
  });

  it('publish one of two that ask for a name at the same moment', async () => {
    const both = await Promise.all([publish(0, 'a'), publish(1, 'a')]);
    expect(both.map(({ status }) => status).sort()).toEqual([201, 409]);
  });

  it('refuse a banned client everywhere', async () => {
    await publish(0, 'banned');
    expect((await pod(1).terminate({ name: 'banned' }, '?denyFor=60s')).body).toMatchObject({ denied: 1 });
    for (const index of [0, 1, 2]) expect((await publish(index, 'banned')).status).toBe(403);
  });

  it('take requests for a session at any pod', async () => {
    const publisher = await publish(0, 'c');
    const patched = await fetch(through(1, publisher), {
      method: 'PATCH',
      headers: { 'content-type': 'application/trickle-ice-sdpfrag', 'if-match': '*' },
      body: 'a=candidate:1 1 udp 1 127.0.0.1 9 typ host\r\n',
    });
    expect(patched.status).toBe(204);
    const events = await fetch(`${through(1, publisher)}/events`);
    expect(events.headers.get('content-type')).toBe('text/event-stream');
    expect((await fetch(through(2, publisher), { method: 'DELETE' })).status).toBe(200);
    expect(await events.text()).toContain('"info":"Stopped by user"');
    await publisher.ended();
    expect((await fetch(through(1, publisher), { method: 'DELETE' })).status).toBe(404);
  });

  it('notice at both ends that an event stream is no longer read', async () => {
    const publisher = await publish(0, 'c');
    const gone = new AbortController();
    const events = await fetch(`${through(1, publisher)}/events`, { signal: gone.signal });
    await events.body?.getReader().read();
    gone.abort();
    expect((await fetch(through(1, publisher))).status).toBe(204);
  });

  it('name the pod that holds a playback which another pod has handed on', async () => {
    await publish(0, 'a');
    await playSoon(1, 'a');
    const [found] = (await pod(2).api('/stream/find', { published: false })).body as { nodeId: string }[];
    expect(found?.nodeId).toMatch(/^pod-0@/);
  });
});

describe('while a pod is frozen', () => {
  it('the others say 503 and name it, end the rest, and 200 once it is back', async () => {
    const frozen = await publish(0, 'a');
    await publish(1, 'b');
    pod(0).process.child.kill('SIGSTOP');
    onTestFinished(() => void pod(0).process.child.kill('SIGCONT'));
    const found = await pod(2).api('/stream/find_all');
    expect([names(found.body), found.headers.get('sluice-incomplete')]).toEqual([['b'], 'pod-0']);
    const { body, headers, status } = await pod(1).terminate({});
    expect([status, headers.get('retry-after'), body]).toMatchObject([
      503,
      '1',
      { matched: 1, terminated: 1, pods: expect.arrayContaining([expect.objectContaining({ pod: 'pod-0' })]) },
    ]);
    expect((await pod(1).api('/stream/find_all')).status).toBe(503);
    // Its names stay taken; others are free.
    expect([(await publish(1, 'a')).status, (await publish(1, 'b')).status]).toEqual([409, 201]);
    expect((await fetch(through(1, frozen), { method: 'DELETE' })).status).toBe(503);

    pod(0).process.child.kill('SIGCONT');
    await until('all are ended', async () => (await pod(1).terminate({})).status !== 503);
    expect((await pod(2).terminate({})).status).toBe(404);
  });
});

describe('a pod that drains', () => {
  it('serves its streams, is asked, and hands new publications on', async () => {
    const kept = await publish(2, 'kept');
    pod(2).process.child.kill('SIGTERM');
    await until('it drains', async () => !(await fetch(`${pod(2).opsUrl}/readyz`)).ok);
    const moved = await publish(2, 'moved');
    expect(moved.status).toBe(201);
    const [found] = (await pod(0).api('/stream/find', { name: 'moved' })).body as { nodeId: string }[];
    expect(found?.nodeId).toMatch(/^pod-[01]@/);
    expect((await playSoon(0, 'kept')).status).toBe(201);
    expect((await pod(0).terminate({})).body).toMatchObject({ terminated: 3 });
    await Promise.all([kept.ended(), moved.ended()]);
    await pod(2).process.exited;
    await fleet.restart(2);
  });
});

describe('a container that is killed', () => {
  it('is back without the operator, and its names are free then', async () => {
    await publish(0, 'a');
    await pod(0).stop('SIGKILL');
    // Refused is not enough: a network policy refuses as well.
    expect((await pod(1).terminate({})).status).toBe(503);
    expect((await publish(1, 'a')).status).toBe(409);
    await fleet.restart(0);
    expect((await pod(1).terminate({})).status).toBe(404);
    expect((await publish(1, 'a')).status).toBe(201);
  });

  it('holds nothing once the operator says that it does not run', async () => {
    await publish(0, 'a');
    await pod(0).stop('SIGKILL');
    const [down, ...others] = fleet.members;
    if (!down) throw new Error('there is no pod');
    await fleet.write([{ ...down, endedAt: Date.now() }, ...others]);
    await until('nothing is left', async () => (await pod(1).terminate({})).status === 404);
    expect((await publish(1, 'a')).status).toBe(201);
    await fleet.restart(0);
    expect((await pod(0).terminate({})).status).toBe(200);
  });
});
