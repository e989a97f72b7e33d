import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { postJson, publicApp, type TestApp } from '../../../test/builders/public-app.ts';
import { fakeApp, fakeSession } from '../../../test/builders/streams.ts';

let test: TestApp;

beforeEach(async () => {
  test = await publicApp();
});

afterEach(() => test.app.close());

const post = (url: string, payload?: unknown, headers?: Readonly<Record<string, string>>) =>
  postJson(test, url, payload, headers);

const terminate = (payload?: unknown, query = '') => postJson(test, `/stream/terminate${query}`, payload);

describe('find, find_all and the connection calls', () => {
  it('show streams without SDP and token', async () => {
    const stream = test.add({ name: 'a' });
    for (const response of [
      await post('/stream/find', { name: 'a' }),
      await test.app.inject('/rest-api/stream/find_all'),
    ]) {
      expect(response.statusCode).toBe(200);
      const [found] = response.json();
      expect(found).toMatchObject({
        nodeId: 'pod-0@127.0.0.1',
        mediaSessionId: stream.id,
        status: 'PUBLISHING',
        custom: { room: '7' },
        record: false,
      });
      expect(response.body).not.toContain('s3cret');
      expect(found).not.toHaveProperty('sdp');
    }
  });

  it('add metrics when asked', async () => {
    test.add();
    const [plain] = (await post('/stream/find_all', {})).json();
    const [found] = (await post('/stream/find_all', { display: ['metrics'] })).json();
    expect(plain).not.toHaveProperty('metrics');
    expect(found.metrics).toEqual({ bytes: 1, packets: 1, packetsLost: 0, bitrate: 8, rttMs: 1 });
  });

  it('accept published as a string in find, as WCS does, but not in terminate', async () => {
    const publication = test.add({ name: 'a' });
    const playback = test.add({ name: 'a', direction: 'play' });
    const idsOf = async (published: unknown) => {
      const found: { mediaSessionId: string }[] = (await post('/stream/find', { name: 'a', published })).json();
      return found.map(({ mediaSessionId }) => mediaSessionId);
    };
    for (const published of [true, 'true']) expect(await idsOf(published)).toEqual([publication.id]);
    for (const published of [false, 'false']) expect(await idsOf(published)).toEqual([playback.id]);
    for (const published of ['', 'TRUE', 'yes', 1, ['true']]) {
      const refused = await post('/stream/find', { published });
      expect([refused.statusCode, refused.json().detail]).toEqual([400, expect.stringContaining('body.published')]);
    }
    for (const published of ['true', 'false']) expect((await terminate({ published })).statusCode).toBe(400);
    expect(test.registry.size).toBe(2);
  });

  it('find connections by session, app and version of the client', async () => {
    const news = test.add({ app: fakeApp('news'), client: { version: 'obs/1' } });
    const sport = test.add({ app: fakeApp('sport'), client: { version: 'obs/1' } });
    const found = async (body: object) => {
      const response = await post('/connection/find', body);
      if (response.statusCode !== 200) return response.statusCode;
      return response.json().map(({ sessionId }: { sessionId: string }) => sessionId);
    };
    expect(await found({})).toEqual([news.session.id, sport.session.id]);
    expect(await found({ clientVersion: 'obs/1' })).toEqual([news.session.id, sport.session.id]);
    expect(await found({ appKey: 'news' })).toEqual([news.session.id]);
    expect(await found({ appKey: 'sport', clientVersion: 'obs/1', sessionId: sport.session.id })).toEqual([
      sport.session.id,
    ]);
    expect(await found({ appKey: 'news', sessionId: sport.session.id })).toBe(404);
    expect(await found({ clientVersion: 'obs' })).toBe(404);
    expect(await found({ appkey: 'news' })).toBe(400);
    expect((await post('/connection/terminate', { appKey: 'news' })).statusCode).toBe(400);
    expect(test.registry.size).toBe(2);
  });

  it.each(['/stream/find_all', '/connection/find_all'])('%s answers 404 if it finds nothing', async (url) => {
    expect((await test.app.inject(`/rest-api${url}`)).statusCode).toBe(404);
    expect((await post(url)).statusCode).toBe(404);
  });

  it('find and end a session that has several streams, or none', async () => {
    const [busy, idle] = [fakeSession(), fakeSession()];
    for (const name of ['a', 'b']) test.add({ session: busy, name });
    test.sessions.add(idle);
    const found = (await test.app.inject('/rest-api/connection/find_all')).json();
    expect(found).toMatchObject([
      { sessionId: busy.id, kind: 'webSdk' },
      { sessionId: idle.id, kind: 'webSdk' },
    ]);
    for (const { id: sessionId } of [busy, idle]) {
      const response = await post('/connection/terminate', { sessionId });
      expect([response.statusCode, response.json()]).toMatchObject([200, { matched: 1, terminated: 1 }]);
    }
    expect([test.sessions.size, test.registry.size]).toEqual([0, 0]);
  });

  it('find and end a session', async () => {
    const stream = test.add();
    expect((await post('/connection/find', { sessionId: stream.session.id })).json()).toMatchObject([
      { sessionId: stream.session.id },
    ]);
    const response = await post('/connection/terminate', { sessionId: stream.session.id });
    expect([response.statusCode, response.json()]).toMatchObject([200, { matched: 1, terminated: 1 }]);
    expect(stream).toMatchObject({ cause: 'disconnect', status: 'UNPUBLISHED' });
    expect((await post('/connection/terminate', { sessionId: stream.session.id })).statusCode).toBe(404);
    expect((await post('/connection/terminate', {})).json().detail).toBe('body.sessionId: is missing');
  });
});

describe('app/find_all', () => {
  it('reports for each app whether its streams are checked, and why not', async () => {
    const [app] = (await test.app.inject('/rest-api/app/find_all')).json();
    expect(app).toMatchObject({ appKey: 'defaultApp', keepAlive: { checked: false, reason: 'ServerDisabled' } });
  });
});
