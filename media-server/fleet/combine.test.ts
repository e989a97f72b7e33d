import { describe, expect, it } from 'vitest';
import { serverMadeId } from '../streams/stream-id.ts';
import type { Asked } from './ask.ts';
import { combine } from './combine.ts';
import type { Answer } from './messages.ts';

const answered = (pod: string, answer: Partial<Answer<'terminate'>>): Asked<Answer<'terminate'>> => ({
  pod,
  uid: pod,
  answer: { matchedIds: [], terminated: 0, denied: 0, denials: [], ...answer },
  error: null,
});

/** Ids that a server has made, as `1` and so on in the tests. */
const [id1 = '', id2 = '', id3 = ''] = [1, 2, 3].map((n) => serverMadeId(`0190b8a4-1111-4222-9333-44445555666${n}`));
const two = answered('a', { matchedIds: [id1, id2], terminated: 2 });
const chosen = answered('a', { matchedIds: [id1, 'p'], terminated: 2 });
const none = answered('b', {});
const silent = { pod: 'c', uid: 'c', answer: null, error: 'timeout' };
const failed = answered('d', { matchedIds: [id3], error: '1 of 1 streams could not be closed' });

describe('combine', () => {
  it.each([
    ['all answered, something matched', [two, none], null, 200],
    ['all answered, nothing matched', [none], null, 404],
    ['one could not be asked, nothing matched', [none, silent], null, 503],
    ['one could not be asked, something matched', [two, silent], null, 503],
    ['one could not be asked, but every id was found', [two, silent], [id1, id2], 200],
    ['one could not be asked, an id was not found', [two, silent], [id1, id3], 503],
    ['one could not be asked, every id was found, but a page has chosen one', [chosen, silent], [id1, 'p'], 503],
    ['all answered, and a page has chosen an id', [chosen, none], [id1, 'p'], 200],
    ['a stream could not be closed, and every id was found', [two, failed], [id1, id3], 503],
    ['no ids match nothing', [none], [], 404],
  ])('%s', (_what, replies, ids, status) => {
    expect(combine(replies, ids).status).toBe(status);
  });

  it('adds up the counts and names the member that could not be asked', () => {
    expect(combine([two, silent], null)).toEqual({
      status: 503,
      matched: 2,
      terminated: 2,
      denied: 0,
      pods: [
        { pod: 'a', matched: 2, terminated: 2 },
        { pod: 'c', matched: 0, terminated: 0, error: 'timeout' },
      ],
    });
  });

  it('keeps the answer of a pod that does not know its fleet', () => {
    const alone = { ...two, error: 'this pod does not know its fleet yet' };
    expect(combine([alone], null)).toMatchObject({
      status: 503,
      pods: [{ pod: 'a', matched: 2, terminated: 2, error: 'this pod does not know its fleet yet' }],
    });
  });
});
