import { describe, expect, it } from 'vitest';
import { askFleet, type MemberAnswer } from './fan-out.ts';

const member = (pod: string, answer: Partial<MemberAnswer> | Error) => ({
  pod,
  ask: async (): Promise<MemberAnswer> => {
    if (answer instanceof Error) throw answer;
    return { pod, matchedIds: [], terminated: 0, denied: 0, ...answer };
  },
});

const two = member('a', { matchedIds: ['1', '2'], terminated: 2 });
const none = member('b', {});
const dead = member('c', new Error('timeout'));

describe('askFleet', () => {
  it.each([
    ['all answered, something matched', [two, none], null, 200],
    ['all answered, nothing matched', [none], null, 404],
    ['one could not be asked, nothing matched', [none, dead], null, 503],
    ['one could not be asked, something matched', [two, dead], null, 503],
    ['one could not be asked, but every id was found', [two, dead], ['1', '2'], 200],
    ['one could not be asked, an id was not found', [two, dead], ['1', '3'], 503],
    ['no ids match nothing', [none], [], 404],
  ])('%s', async (_what, members, ids, status) => {
    expect((await askFleet(members, {}, ids)).status).toBe(status);
  });

  it('adds up the counts and names the member that could not be asked', async () => {
    expect(await askFleet([two, dead], {}, null)).toEqual({
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
});
