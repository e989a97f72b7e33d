import { describe, expect, it } from 'vitest';
import type { StreamFilter } from '../../crds/schema/stream-filter.ts';
import { aStream } from '../../test/builders/plugin-objects.ts';
import { type Arguments, readArguments } from './arguments.ts';
import { matched, readFilter, wordsOf } from './filter.ts';

const filterOf = (...args: string[]): StreamFilter => readFilter(readArguments(['streams', ...args]) as Arguments);

describe('readFilter', () => {
  it.each<[string[], StreamFilter, string]>([
    [[], {}, ''],
    [['--id', 'x'], { mediaSessionId: 'x' }, 'id "x"'],
    [['--id', 'x', '--id', 'y'], { mediaSessionIds: ['x', 'y'] }, 'one of 2 ids'],
    [['--session', 's'], { sessionId: 's' }, 'session "s"'],
    [['--provider', 'RTSP'], { mediaProvider: 'RTSP' }, 'from RTSP'],
    [['--published', '--app', 'k'], { appKey: 'k', published: true }, 'app "k", publications'],
    [
      ['--played', '--name', 'n', '--status', 'NEW'],
      { name: 'n', published: false, status: 'NEW' },
      'name "n", playbacks, status NEW',
    ],
  ])('reads %j', (args, filter, words) => {
    expect(filterOf(...args)).toEqual(filter);
    expect(wordsOf(filter)).toBe(words);
  });

  it('refuses what no stream can match, and a name that is given twice', () => {
    expect(() => filterOf('--published', '--played')).toThrow('--published and --played: give only one of them');
    expect(() => filterOf('--name', 'a', '--name', 'b')).toThrow('--name: may be given only once');
  });
});

describe('matched', () => {
  it.each<[StreamFilter, boolean]>([
    [{}, true],
    [{ name: 'news', appKey: 'app' }, true],
    [{ name: 'news', appKey: 'other' }, false],
    [{ published: false }, false],
    [{ mediaSessionIds: ['x', 'id-1'] }, true],
    [{ mediaSessionIds: ['x'] }, false],
    // A stream that has ended has another status than the filter could name.
    [{ status: 'PUBLISHING' }, true],
  ])('knows whether %j had matched', (filter, isMatch) => {
    expect(matched(filter, aStream({ status: 'FAILED' }))).toBe(isMatch);
  });
});
