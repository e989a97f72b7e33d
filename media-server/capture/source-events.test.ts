import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Source } from './source.ts';
import { readEvent } from './source-events.ts';

describe('an event of a source', () => {
  it.each([
    [
      '{"event":"track","kind":"video","codec":"H264","profile":"main","width":320,"height":180}',
      { event: 'track', track: { kind: 'video', codec: 'H264', profile: 'main', width: 320, height: 180 } },
    ],
    [
      '{"event":"track","kind":"audio","codec":"Opus","from":"AAC"}',
      { event: 'track', track: { kind: 'audio', codec: 'Opus', from: 'AAC' } },
    ],
    [
      '{"event":"clock","kind":"audio","rtp":960,"ntpUs":20500}',
      { event: 'clock', kind: 'audio', clock: { rtp: 960, ms: 20.5 } },
    ],
    ['{"event":"unsupported","kind":"audio","codec":"G722"}', { event: 'unsupported', kind: 'audio', codec: 'G722' }],
    ['{"event":"ended","reason":"stalled","text":"no video"}', { event: 'ended', reason: 'stalled', text: 'no video' }],
    ['{"event":"ended","reason":"later","text":""}', { event: 'ended', reason: 'failed', text: '' }],
    ['{"event":"later"}', null],
  ])('is read: %s', (json, event) => {
    expect(readEvent(json)).toEqual(event);
  });

  it.each([
    '{',
    'null',
    '{"event":"track","kind":"text","codec":"x"}',
    '{"event":"track","kind":"video","codec":{}}',
    '{"event":"track","kind":"video","codec":"H264","width":"wide"}',
    '{"event":"track","kind":"video","codec":"H264","width":-1}',
    '{"event":"track","kind":"video","codec":"H264","height":1.5}',
    '{"event":"track","kind":"video","codec":"H264","height":1e999}',
    `{"event":"track","kind":"video","codec":"${'x'.repeat(65)}"}`,
    `{"event":"track","kind":"video","codec":"H264","profile":"${'x'.repeat(65)}"}`,
    '{"event":"clock","kind":"video","rtp":null,"ntpUs":0}',
    '{"event":"clock","kind":"video","rtp":0,"ntpUs":1e999}',
    '{"event":"ended","reason":"failed"}',
  ])('is refused: %s', (json) => {
    expect(() => readEvent(json)).toThrow(Error);
  });
});

it('a source that sends a malformed message ends, and nothing else does', async ({ onTestFinished }) => {
  const folder = await mkdtemp(join(tmpdir(), 'sluice-source-'));
  const malformed = Buffer.from('{"event":"track","kind":"video"}');
  const server = createServer((socket) => socket.write(Buffer.concat([Buffer.from([0, malformed.length]), malformed])));
  onTestFinished(async () => {
    server.close();
    await rm(folder, { recursive: true });
  });
  const path = join(folder, 'socket');
  await new Promise<void>((resolve) => server.listen(path, resolve));
  const ended = new Promise((resolve) => {
    const none = (): void => undefined;
    const onEnded = (...end: readonly string[]) => resolve(end);
    const spec = { kind: 'srt', location: '', audio: 'none', 'stall-ms': 1, allow: '' } as const;
    new Source(path, spec, { onTrack: none, onLeftOut: none, onClock: none, onPacket: none, onEnded });
  });
  const text = 'the program that reads the source has sent a malformed message: TypeError: codec is not a string';
  expect(await ended).toEqual(['failed', text]);
});
