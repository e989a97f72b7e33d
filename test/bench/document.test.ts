import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { describeRun, renderPage } from './document.ts';
import { beginSection } from './figures.ts';
import { PARTS } from './parts.ts';

const RUN = '2026-01-02, commit 1234567, on 2 × a processor';
const PART = { title: 'A part', notes: '\nA note.' };
const OTHER = { title: 'Another part', notes: '' };

const measured = (part: typeof PART, result: string) => {
  const { report, section } = beginSection(part.title);
  report('the time', result, { measured: 3, atMost: 3, unit: 'ms' });
  return { part, run: RUN, section };
};

describe('the page of a benchmark', () => {
  it('has a table for each part, and says which goals were reached and in which run', () => {
    const { report, section } = beginSection('A part');
    report('the time', '3 ms', { measured: 3, atMost: 3, unit: 'ms' });
    report('the rate', '2,000 a second', { measured: 2_000, atLeast: 2_001, unit: 'a second' });
    report('the number | of things', '7');
    expect(renderPage([PART], [{ part: PART, run: RUN, section }], '')).toContain(`
## A part

A note.

| Measurement | Result | Goal |
|---|---|---|
| the time | 3 ms | ≤ 3 ms |
| the rate | 2,000 a second | ≥ 2,001 a second, not reached |
| the number \\| of things | 7 | |

Measured 2026-01-02, commit 1234567, on 2 × a processor.
`);
  });

  it('keeps the sections of parts that were not measured again, in the order of the parts', () => {
    const parts = [PART, OTHER];
    const [first, second, third] = ['1 ms', '2 ms', '3 ms'];
    const both = renderPage(parts, [measured(OTHER, second), measured(PART, first)], '');
    expect(both.indexOf(first)).toBeLessThan(both.indexOf(second));
    expect(renderPage(parts, [measured(PART, third)], both)).toBe(both.replace(first, third));
    expect(renderPage(parts, [measured(OTHER, third)], both)).toBe(both.replace(second, third));
    const one = renderPage(parts, [measured(OTHER, second)], '');
    expect(renderPage(parts, [measured(PART, first)], one)).toBe(both);
    expect(renderPage([PART], [], both)).not.toContain('Another part');
  });

  it('is docs/performance.md, except for the figures of other runs', () => {
    const run = { run: RUN, section: { title: '', figures: [] } };
    const page = renderPage(
      PARTS,
      PARTS.map((part) => ({ part, ...run })),
      '',
    );
    const prose = (text: string): string[] =>
      text.split('\n').filter((line) => line !== '' && !line.startsWith('|') && !line.startsWith('Measured '));
    expect(prose(readFileSync('docs/performance.md', 'utf8'))).toEqual(prose(page));
  });
});

describe('what is said of a run', () => {
  it('names the version of the kernel, and not who built it', () => {
    expect(describeRun()).toMatch(/, Linux [\d.]+, load average [\d.]+ at the start$/);
  });
});
