import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { END_CAUSES } from '../../crds/schema/end-causes.ts';
import { API_VERSION as SCHEMA_VERSION } from '../../crds/schema/kinds.ts';
import { LIVE_STATUSES } from '../../crds/schema/stream.ts';
import { anchorsOf } from '../../test/harness/markdown.ts';
import { selectorOf } from '../builders/common.ts';
import { linkTo, SECTIONS } from './advice.ts';
import { STATES } from './capture-rows.ts';
import { captureText, causeText } from './cause-texts.ts';
import { COMMAND_NAMES, STATUSES } from './commands.ts';
import { helpOf } from './help.ts';
import { API_VERSION, PODS, SERVER_LABEL } from './objects.ts';

const root = join(import.meta.dirname, '../..');
const CAUSES = Object.keys(END_CAUSES);

it('has the same words as the schema and the operator, which it does not import', () => {
  expect(STATUSES).toEqual(LIVE_STATUSES);
  expect(API_VERSION).toBe(SCHEMA_VERSION);
  const [key, value] = PODS.split('=');
  expect(selectorOf({ name: 'live' })).toEqual({ [key ?? '']: value, [SERVER_LABEL]: 'live' });
});

it('links only to sections that exist', () => {
  const start = linkTo('');
  const links = [
    ...[...SECTIONS, STATES].map(linkTo),
    ...CAUSES.map((cause) => causeText(cause, '').link),
    captureText().link,
  ];
  expect(links.length).toBeGreaterThan(30);
  for (const link of links) {
    expect(link.startsWith(start)).toBe(true);
    const [page = '', anchor] = link.slice(start.length).split('#');
    const anchors = anchorsOf(readFileSync(join(root, page), 'utf8'));
    expect([link, anchor === undefined || anchors.has(anchor)]).toEqual([link, true]);
  }
});

it.each(CAUSES)('explains the cause %s', (cause) => {
  const { client, why } = causeText(cause, '');
  expect(why).toMatch(/^[a-z].*[^.]$/);
  expect(client).toMatch(/^It .*\.$/);
});

it('says what the media server says of a cause that it does not know', () => {
  expect(causeText('toString', 'Stopped by magic').why).toBe('the media server says "Stopped by magic" (toString)');
});

it('has a help of at most 120 columns for each command', () => {
  for (const name of [null, ...COMMAND_NAMES]) {
    const help = helpOf(name);
    expect(help).toContain('Usage:\n  kubectl sluice ');
    for (const line of help.split('\n')) expect(line.length).toBeLessThanOrEqual(120);
  }
});
