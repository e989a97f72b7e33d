import { describe, expect, it } from 'vitest';
import { readConnection } from './connection-request.ts';

const ofChromium = {
  appKey: 'defaultApp',
  mediaProviders: ['WebRTC', 'MSE', 'WSPlayer'],
  clientVersion: '2.0',
  clientOSVersion: '5.0 (X11)',
  clientBrowserVersion: 'Mozilla/5.0 (X11)',
  msePacketizationVersion: 2,
};

describe('readConnection', () => {
  it.each<[string, unknown, unknown]>([
    ['Chromium', ofChromium, { appKey: 'defaultApp', custom: {}, clientVersion: '2.0' }],
    ['custom', { appKey: 'a', custom: { token: 't' } }, { appKey: 'a', custom: { token: 't' }, clientVersion: '' }],
    ['no app', { custom: null }, { appKey: 'defaultApp', custom: {}, clientVersion: '' }],
    ['nothing', null, { appKey: 'defaultApp', custom: {}, clientVersion: '' }],
    ['a long version', { clientVersion: 'x'.repeat(65) }, { appKey: 'defaultApp', custom: {}, clientVersion: '' }],
    ['an empty app', { appKey: '' }, 'appKey: must be a text that is not empty'],
    ['a number as app', { appKey: 7 }, 'appKey: must be a text that is not empty'],
    ['a long app', { appKey: 'x'.repeat(257) }, 'appKey: must be at most 256 characters'],
    ['a line feed in an app', { appKey: 'a\nb' }, 'appKey: must not contain control characters'],
    ['a text as custom', { custom: 'x' }, 'custom: must be an object'],
    ['a list as custom', { custom: [] }, 'custom: must be an object'],
    ['a large custom', { custom: { a: 'é'.repeat(8192) } }, 'custom: must be at most 16384 bytes of JSON'],
  ])('reads %s', (_what, content, expected) => {
    expect(readConnection(content)).toEqual(expected);
  });
});
