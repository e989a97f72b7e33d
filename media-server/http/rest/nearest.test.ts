import { describe, expect, it } from 'vitest';
import { nearest } from './nearest.ts';

describe('nearest', () => {
  it.each([
    ['nmae', 'name'],
    ['Name', 'name'],
    ['publised', 'published'],
    ['mediaSessionID', 'mediaSessionId'],
    ['media_session_ids', 'mediaSessionIds'],
    ['stream', null],
    ['', null],
    ['x'.repeat(100_000), null],
  ])('%s', (given, expected) => {
    expect(nearest(given, ['mediaSessionId', 'mediaSessionIds', 'name', 'published', 'status'])).toBe(expected);
  });
});
