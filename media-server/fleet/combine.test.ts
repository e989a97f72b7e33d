import { describe, expect, it } from 'vitest';
import type { Asked } from './ask.ts';
import { combine } from './combine.ts';
import type { Answer } from './messages.ts';

const answered = (pod: string, answer: Partial<Answer<'disconnect'>>): Asked<Answer<'disconnect'>> => ({
  pod,
  uid: pod,
  answer: { matchedIds: [], terminated: 0, ...answer },
  error: null,
});

const two = answered('a', { matchedIds: ['1', '2'], terminated: 2 });
const none = answered('b', {});
const silent = { pod: 'c', uid: 'c', answer: null, error: 'timeout' };
const failed = answered('d', { matchedIds: ['3'], error: '1 of 1 streams could not be closed' });

describe('combine', () => {
  it.each([
    ['all answered, something matched', [two, none], null, 200],
    ['all answered, nothing matched', [none], null, 404],
    ['one could not be asked, nothing matched', [none, silent], null, 503],
    ['one could not be asked, something matched', [two, silent], null, 503],
    ['one could not be asked, but every id was found', [two, silent], ['1', '2'], 200],
    ['one could not be asked, an id was not found', [two, silent], ['1', '3'], 503],
    ['a stream could not be closed, and every id was found', [two, failed], ['1', '3'], 503],
    ['no ids match nothing', [none], [], 404],
  ])('%s', (_what, replies, ids, status) => {
    expect(combine(replies, ids).status).toBe(status);
  });

  it('adds up the counts and names the member that could not be asked', () => {
    expect(combine([two, silent], null)).toEqual({
      status: 503,
      matched: 2,
      terminated: 2,
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
