import { describe, expect, it } from 'vitest';
import { age, json, jsonLine, plain, table } from './text.ts';

const HOSTILE = 'a\u001b[31m\u009b2J\u202eb\nc\u2066';

describe('text from outside', () => {
  it('has no character that a terminal acts on', () => {
    expect(plain(HOSTILE)).toBe('a?[31m?2J?b?c?');
    expect(table(['NAME'], [[HOSTILE]])).toBe('NAME\na?[31m?2J?b?c?\n');
    expect(plain('Grüße, 世界 👋')).toBe('Grüße, 世界 👋');
  });

  it('is escaped in JSON, which stays the same value', () => {
    for (const text of [json({ HOSTILE }), jsonLine({ HOSTILE })]) {
      expect(plain(text.replaceAll('\n', ''))).toBe(text.replaceAll('\n', ''));
      expect(JSON.parse(text)).toEqual({ HOSTILE });
    }
  });
});

describe('table', () => {
  it('has columns as wide as their texts, and no spaces at the end', () => {
    const rows = [
      ['live-1', '', 'x'],
      ['b', 'much longer', ''],
    ];
    expect(table(['POD', 'STATE', 'WHY'], rows)).toBe(
      'POD      STATE         WHY\nlive-1   <none>        x\nb        much longer   <none>\n',
    );
  });
});

describe('age', () => {
  it.each([
    [-5_000, '0s'],
    [999, '0s'],
    [119_000, '119s'],
    [120_000, '2m'],
    [192_000, '3m12s'],
    [11 * 60_000 + 5_000, '11m'],
    [3_600_000 + 60_000, '1h1m'],
    [26 * 3_600_000, '1d2h'],
    [40 * 86_400_000, '40d'],
  ])('%i ms is %s', (ms, text) => {
    expect(age(ms)).toBe(text);
  });
});
