import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { ACCEPTED_REASONS, CAPTURING_REASONS, HELD_CAUSES } from './capture-reasons.ts';

/** The reasons in the first column of the table with this title. */
function documented(page: string, title: string): string[] {
  const [, table = ''] = readFileSync(page, 'utf8').split(`| Reason of \`${title}\` |`);
  const rows = table.split('\n\n', 1)[0]?.split('\n').slice(2) ?? [];
  return rows.flatMap((row) => [...(row.split('|')[1] ?? '').matchAll(/`(\w+)`/g)].map(([, reason = '']) => reason));
}

it('the docs tell of every reason of Accepted and Capturing, and of no other', () => {
  const { Accepted: _accepted, InvalidSpec: _invalid, ...accepted } = ACCEPTED_REASONS;
  expect(documented('docs/troubleshooting.md', 'Accepted').sort()).toEqual(Object.keys(accepted).sort());
  expect(documented('docs/captures.md', 'Capturing').sort()).toEqual(Object.keys(CAPTURING_REASONS).sort());
});

it('each cause that holds a capture has a reason', () => {
  for (const reason of Object.values(HELD_CAUSES)) expect(CAPTURING_REASONS).toHaveProperty(reason);
});
