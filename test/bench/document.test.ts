import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { renderPage } from './document.ts';
import { beginSection } from './figures.ts';
import { PARTS } from './parts.ts';

const run = { machine: '2 × a processor', date: '2026-01-02', revision: 'commit 1234567' };

describe('the page of a benchmark', () => {
  it('has a table for each part, and says which goals were reached', () => {
    const { report, section } = beginSection('A part');
    report('the time', '3 ms', { measured: 3, atMost: 3, unit: 'ms' });
    report('the rate', '2,000 a second', { measured: 2_000, atLeast: 2_001, unit: 'a second' });
    report('the number | of things', '7');
    const page = renderPage(run, [{ part: { title: 'A part', notes: '\nA note.' }, section }]);
    expect(page).toContain('This run: 2026-01-02, commit 1234567, on 2 × a processor.');
    expect(page).toContain(`## A part

A note.

| Measurement | Result | Goal |
|---|---|---|
| the time | 3 ms | ≤ 3 ms |
| the rate | 2,000 a second | ≥ 2,001 a second, not reached |
| the number \\| of things | 7 | |
`);
  });

  it('is docs/performance.md, except for the figures of another run', () => {
    const emptyParts = PARTS.map((part) => ({ part, section: { title: part.title, figures: [] } }));
    const prose = (page: string): string[] =>
      page.split('\n').filter((line) => line !== '' && !line.startsWith('|') && !line.startsWith('This run: '));
    expect(prose(readFileSync('docs/performance.md', 'utf8'))).toEqual(prose(renderPage(run, emptyParts)));
  });
});
