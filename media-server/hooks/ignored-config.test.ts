import { beforeEach, describe, expect, it } from 'vitest';
import { createLogger } from '../../process/logger.ts';
import { IgnoredConfig } from './ignored-config.ts';

let lines: object[];
let ignored: IgnoredConfig;

beforeEach(() => {
  lines = [];
  ignored = new IgnoredConfig(createLogger('warn', { write: (line) => lines.push(JSON.parse(line)) }));
});

const finding = (field: string, reason = 'unknown field') => ({ method: 'connect', field, reason });

describe('a finding in restClientConfig', () => {
  it('is logged once for each app, method, field and reason', () => {
    for (let round = 0; round < 3; round++) ignored.hear('app', [finding('a'), finding('b')]);
    ignored.hear('app', [finding('a'), finding('c')]);
    ignored.hear('other', [finding('a')]);
    expect(lines).toMatchObject([
      { appKey: 'app', findings: [finding('a'), finding('b')], msg: 'parts of restClientConfig are ignored' },
      { appKey: 'app', findings: [finding('c')] },
      { appKey: 'other', findings: [finding('a')] },
    ]);
  });

  it('is no longer logged after a thousand others', () => {
    for (let index = 0; index < 1_100; index++) ignored.hear('app', [finding(`field-${index}`)]);
    expect(lines).toHaveLength(1_000);
  });
});
