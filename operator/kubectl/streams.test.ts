import { describe, expect, it } from 'vitest';
import { anEnded, aPod, aServer, aStream, NOW } from '../../test/builders/plugin-objects.ts';
import type { Pod } from './objects.ts';
import { choosePods, portOf } from './pod-choice.ts';
import { localUrl } from './port-forward.ts';
import { changesOf } from './stream-changes.ts';
import { incompleteSentence, readList } from './stream-lists.ts';
import { sorted } from './stream-rows.ts';
import { listText, textOf } from './streams.ts';

const PLAYBACK = aStream({ mediaSessionId: 'id-2', published: false, status: 'PLAYING', nodeId: 'live-b@10.0.0.2' });

describe('listText', () => {
  it('is a table', () => {
    expect(listText([aStream(), PLAYBACK], undefined, NOW)).toBe(
      `ID     APP   NAME   KIND          STATUS       POD      AGE
id-1   app   news   publication   PUBLISHING   live-a   60s
id-2   app   news   playback      PLAYING      live-b   60s
`,
    );
  });

  it('has more columns with wide, and no controls of a name', () => {
    expect(listText([aStream({ name: 'n\u001bews', audioCodec: '' })], 'wide', NOW)).toBe(
      `ID     APP   NAME    KIND          STATUS       POD      AGE   AUDIO    VIDEO   TRANSPORT   SESSION     ORIGIN
id-1   app   n?ews   publication   PUBLISHING   live-a   60s   <none>   VP8     UDP         session-1   <none>
`,
    );
  });

  it('is ids or JSON', () => {
    expect(listText([aStream(), PLAYBACK], 'name', NOW)).toBe('id-1\nid-2\n');
    expect(JSON.parse(listText([aStream()], 'json', NOW))).toEqual([aStream()]);
    expect(listText([], 'json', NOW)).toBe('[]\n');
  });
});

describe('sorted', () => {
  it('puts a publication before its playbacks, and the oldest first', () => {
    const streams = [
      aStream({ mediaSessionId: 'd', name: 'zoo' }),
      aStream({ mediaSessionId: 'c', published: false, createDate: 2 }),
      aStream({ mediaSessionId: 'b', published: false, createDate: 1 }),
      aStream({ mediaSessionId: 'a', createDate: 3 }),
    ];
    expect(sorted(streams).map(({ mediaSessionId }) => mediaSessionId)).toEqual(['a', 'b', 'c', 'd']);
  });
});

describe('changesOf', () => {
  const known = changesOf(new Map(), { streams: [aStream(), PLAYBACK], missing: [] }).known;

  it('tells what is new, what has changed and what has ended', () => {
    const pending = aStream({ status: 'PENDING' });
    const added = aStream({ mediaSessionId: 'id-3' });
    const { changes } = changesOf(known, { streams: [pending, added], missing: [] });
    expect(changes).toEqual([
      { type: 'DELETED', object: PLAYBACK },
      { type: 'MODIFIED', object: pending },
      { type: 'ADDED', object: added },
    ]);
    expect(changesOf(known, { streams: [aStream(), PLAYBACK], missing: [] }).changes).toEqual([]);
  });

  it('does not take a stream of a pod that does not answer for ended', () => {
    const silent = changesOf(known, { streams: [aStream()], missing: ['live-b'] });
    expect(silent).toEqual({ changes: [], known });
    expect(changesOf(silent.known, { streams: [], missing: [] }).changes).toHaveLength(2);
  });

  it('is printed as a row, as JSON, or as the id of a new stream', () => {
    const added = { type: 'ADDED', object: aStream() } as const;
    const deleted = { type: 'DELETED', object: aStream() } as const;
    const row = `${'id-1'.padEnd(36)}   app          news           publication`;
    expect(textOf(added, undefined, NOW)).toBe(`${row}   PUBLISHING   live-a                   60s\n`);
    expect(textOf(deleted, undefined, NOW)).toBe(`${row}   ENDED        live-a                   60s\n`);
    expect([textOf(added, 'name', NOW), textOf(deleted, 'name', NOW)]).toEqual(['id-1\n', '']);
    expect(JSON.parse(textOf(deleted, 'json', NOW))).toEqual(deleted);
  });
});

describe('readList', () => {
  it.each<[string, number, string | null, unknown, object]>([
    ['streams', 200, null, [aStream()], { streams: [aStream()], missing: [] }],
    ['a part of them', 200, 'live-b, live-c', [], { streams: [], missing: ['live-b', 'live-c'] }],
    ['none', 404, null, { detail: 'no stream matches' }, { streams: [], missing: [] }],
    ['only silence', 503, null, { detail: 'could not be asked: live-b' }, { streams: [], missing: ['live-b'] }],
    ['ended ones', 200, null, [anEnded('rest', 'x')], { streams: [anEnded('rest', 'x')], missing: [] }],
  ])('reads an answer with %s', (_what, status, incomplete, body, expected) => {
    expect(readList(status, incomplete, body)).toEqual(expected);
  });

  it.each<[number, unknown, string]>([
    [401, { detail: 'x' }, 'the REST API does not accept the credentials of the Secret in spec.rest.authRef'],
    [503, { detail: 'draining' }, 'the REST API answered 503: draining'],
    [404, null, 'the REST API answered 404'],
    [200, 'a page', 'the REST API answered 200'],
  ])('fails for %i %j', (status, body, message) => {
    expect(() => readList(status, null, body)).toThrow(message);
  });

  it('names the pods that are missing', () => {
    expect(incompleteSentence(['live-b'])).toContain('could not ask live-b');
  });
});

describe('the pod that is asked', () => {
  it('is a ready one, else one that runs; at most three are tried', () => {
    const names = (...pods: Pod[]): string[] => choosePods(pods, 'live').map(({ metadata }) => metadata.name);
    expect(names(aPod('a', false), aPod('b'))).toEqual(['b', 'a']);
    expect(names(aPod('a'), aPod('b'), aPod('c'), aPod('d'))).toEqual(['a', 'b', 'c']);
    expect(() => names()).toThrow('no pod of MediaServer "live" runs, so no stream is live');
    expect(() => names({ metadata: { name: 'a' }, status: { phase: 'Pending' } })).toThrow('no pod');
  });

  it('is asked at the port that it was created with', () => {
    const server = aServer({}, { rest: { http: { port: 9000 } } });
    expect(portOf(aPod('a'), server)).toBe(8081);
    expect(portOf({ metadata: { name: 'a' } }, server)).toBe(9000);
  });

  it.each<[string, string | null]>([
    ['', null],
    ['Forwarding from 127.0.0.1:4', null],
    ['Forwarding from 127.0.0.1:41235 -> 8081\nForwarding from [::1]:41235 -> 8081\n', 'http://127.0.0.1:41235'],
    ['Forwarding from [::1]:41235 -> 8081\n', 'http://[::1]:41235'],
  ])('is reached where kubectl port-forward says: %j', (said, url) => {
    expect(localUrl(said)).toBe(url);
  });
});
