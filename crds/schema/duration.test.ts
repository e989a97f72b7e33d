import { describe, expect, it } from 'vitest';
import { DURATION_PATTERN, parseDurationMs } from './duration.ts';

describe('parseDurationMs', () => {
  it.each([
    ['10s', 10_000],
    ['500ms', 500],
    ['1m30s', 90_000],
    ['1h', 3_600_000],
    ['1h2m3s4ms', 3_723_004],
    ['0s', 0],
  ])('reads %s', (text, ms) => {
    expect(parseDurationMs(text)).toBe(ms);
    expect(text).toMatch(new RegExp(DURATION_PATTERN));
  });

  it.each(['', '10', 's', '1.5s', '-1s', '10S', '1s1m', ' 1s', '1 s', '1d'])('refuses "%s"', (text) => {
    expect(parseDurationMs(text)).toBeNull();
  });
});
