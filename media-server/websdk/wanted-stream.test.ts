import { describe, expect, it } from 'vitest';
import { idOf } from './fields.ts';
import { readWanted } from './wanted-stream.ts';

const ofChromium = {
  mediaSessionId: '8c4ba5e0-0f4a-11f1-9f5b-4f6d1d3f6f3d',
  name: 'streamName',
  published: true,
  hasVideo: true,
  hasAudio: true,
  status: 'PENDING',
  record: false,
  mediaProvider: 'WebRTC',
  sdp: 'v=0\r\n',
  bitrate: 0,
};
const read = { name: 'streamName', offer: 'v=0\r\n', custom: {}, ignored: [] };

describe('readWanted', () => {
  it.each<[string, object, unknown]>([
    ['a publication of Chromium', {}, read],
    ['custom', { custom: { token: 't' } }, { ...read, custom: { token: 't' } }],
    ['wishes', { record: true, rtmpUrl: 'rtmp://x' }, { ...read, ignored: ['record', 'rtmpUrl'] }],
    ['an SDK that names no provider', { mediaProvider: undefined }, read],
    ['a player that decodes itself', { mediaProvider: 'MSE' }, 'No common codecs'],
    ['UDP', { transport: 'UDP' }, { ...read, protocol: 'udp' }],
    ['TCP', { transport: 'TCP' }, { ...read, protocol: 'tcp' }],
    ['another transport', { transport: 'SCTP' }, read],
    ['no name', { name: undefined }, 'name: must be a text that is not empty'],
    ['a control character', { name: 'a\u0000' }, 'name: must not contain control characters'],
    ['a custom that is not an object', { custom: 1 }, 'custom: must be an object'],
    ['no offer', { sdp: null }, 'sdp: must be an SDP offer'],
    ['an empty offer', { sdp: '' }, 'sdp: must be an SDP offer'],
  ])('reads %s', (_what, over, expected) => {
    expect(readWanted({ ...ofChromium, ...over })).toEqual(expected);
  });

  it.each([null, undefined, 'x', [], 7])('finds what is missing in %j', (content) => {
    expect(readWanted(content)).toBe('name: must be a text that is not empty');
  });
});

describe('idOf', () => {
  it.each<[unknown, string | null]>([
    ['8c4ba5e0-0f4a-11f1-9f5b-4f6d1d3f6f3d', '8c4ba5e0-0f4a-11f1-9f5b-4f6d1d3f6f3d'],
    ['x'.repeat(128), 'x'.repeat(128)],
    ['x'.repeat(129), null],
    ['', null],
    ['a b', null],
    ['a\n', null],
    ['é', null],
    [7, null],
    [undefined, null],
    [['a'], null],
  ])('of %j', (mediaSessionId, id) => {
    expect(idOf({ mediaSessionId })).toBe(id);
  });
});
