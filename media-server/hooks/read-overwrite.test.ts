import { describe, expect, it } from 'vitest';
import { OVERWRITABLE_FIELDS, type OverwritableField } from '../../crds/schema/hook-methods.ts';
import { parseObject, readOverwrite } from './read-overwrite.ts';

describe('the fields that a reply overwrites', () => {
  it.each<[OverwritableField, unknown]>([
    ['name', 'b'],
    ['name', 'x'.repeat(256)],
    ['custom', {}],
    ['custom', { room: 7 }],
    ['maxBitrate', 0],
    ['maxBitrate', 500_000],
    ['hasVideo', false],
    ['hasAudio', true],
  ])('%s accepts %j', (field, value) => {
    expect(readOverwrite(JSON.stringify({ [field]: value }), [field])).toEqual({
      overwrite: { [field]: value },
      ignored: [],
    });
  });

  it.each<[OverwritableField, unknown]>([
    ['name', ''],
    ['name', 'x'.repeat(257)],
    ['name', 'a\nb'],
    ['name', 7],
    ['name', null],
    ['custom', 'x'],
    ['custom', []],
    ['custom', null],
    ['maxBitrate', -1],
    ['maxBitrate', 1.5],
    ['maxBitrate', '1'],
    ['hasVideo', 'false'],
    ['hasAudio', 0],
  ])('%s keeps its value and reports %j', (field, value) => {
    expect(readOverwrite(JSON.stringify({ [field]: value }), [field])).toEqual({ overwrite: {}, ignored: [field] });
  });

  it('are limited to the named ones', () => {
    expect(readOverwrite('{"name":"b","hasAudio":false,"width":3}', ['name'])).toEqual({
      overwrite: { name: 'b' },
      ignored: [],
    });
  });

  it.each(['', '<html>', 'null', '[]', '"name"', '{"name":'])('are empty for the body %j', (body) => {
    expect(parseObject(body)).toEqual({});
    expect(readOverwrite(body, OVERWRITABLE_FIELDS)).toEqual({ overwrite: {}, ignored: [] });
  });
});
