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

const page = { osVersion: '', browserVersion: '', mediaProviders: ['WebRTC'] };
const read = { appKey: 'defaultApp', custom: {}, clientVersion: '', page };

describe('readConnection', () => {
  it.each<[string, unknown, unknown]>([
    [
      'Chromium',
      ofChromium,
      {
        ...read,
        clientVersion: '2.0',
        page: {
          osVersion: '5.0 (X11)',
          browserVersion: 'Mozilla/5.0 (X11)',
          mediaProviders: ['WebRTC', 'MSE', 'WSPlayer'],
        },
      },
    ],
    ['custom', { appKey: 'a', custom: { token: 't' } }, { ...read, appKey: 'a', custom: { token: 't' } }],
    ['no app', { custom: null }, read],
    ['nothing', null, read],
    ['a long version', { clientVersion: 'x'.repeat(65) }, read],
    ['texts of a page that are too long', { clientOSVersion: 'x'.repeat(513), clientBrowserVersion: 7 }, read],
    ['a line feed in a text', { clientBrowserVersion: 'a\nb', clientVersion: '2\u0000' }, read],
    ['providers that are not a list', { mediaProviders: 'MSE' }, read],
    ['no providers', { mediaProviders: [] }, read],
    [
      'providers that are not texts, and too many',
      { mediaProviders: [7, '', 'a\tb', 'x'.repeat(65), ...Array.from({ length: 20 }, (_, index) => `p${index}`)] },
      { ...read, page: { ...page, mediaProviders: Array.from({ length: 12 }, (_, index) => `p${index}`) } },
    ],
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
