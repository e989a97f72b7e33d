import { describe, expect, it } from 'vitest';
import { REFUSED_MANIFESTS } from '../../test/fixtures/manifests.ts';
import { sourceAddress, sourceHost, splitCredentials } from './source-url.ts';

describe('sourceHost', () => {
  it.each([
    ['rtsp://10.20.0.7/h264/main', '10.20.0.7'],
    ['rtsp://admin:sesame@10.20.0.7:554/main?user=admin&password=sesame', '10.20.0.7'],
    ['rtsp://admin:p@ss@camera.example.com', 'camera.example.com'],
    ['rtmp://live.example.com:443/app/secret-key', 'live.example.com'],
    ['srt://[fd00::7]:9000?streamid=secret', 'fd00::7'],
    ['rtsp://10.20.0.7?channel=1', '10.20.0.7'],
  ])('is the host of %s and nothing else', (url, host) => expect(sourceHost(url)).toBe(host));

  // What stands where a host is expected may be a part of a password.
  it.each([
    'rtsp://admin:se/same@10.20.0.7/main',
    'rtsp://admin:se#same@10.20.0.7/main',
    'rtsp://se same',
    'sesame',
    '',
  ])('is empty for "%s"', (url) => expect(sourceHost(url)).toBe(''));

  it('never holds user info of a refused URL', () => {
    const urls = REFUSED_MANIFESTS.filter(([, , , field]) => field === 'spec.rtsp.url').map(
      ([, , spec]) => (spec as { rtsp: { url: string } }).rtsp.url,
    );
    expect(urls.length).toBeGreaterThan(20);
    for (const url of urls) expect(sourceHost(url)).not.toMatch(/admin|sesame|@/);
  });
});

describe('sourceAddress', () => {
  it.each([
    ['rtsp://10.20.0.7:554/main', '10.20.0.7'],
    ['srt://[fd00::7]:9000', 'fd00::7'],
    ['rtsp://camera.example.com/main', null],
  ])('is the literal address of %s', (url, address) => expect(sourceAddress(url)).toBe(address));
});

describe('splitCredentials', () => {
  it.each<[string, ReturnType<typeof splitCredentials>]>([
    ['rtsp://10.20.0.7/main?a=b@c', { url: 'rtsp://10.20.0.7/main?a=b@c' }],
    ['rtsp://cam:p%40ss:w%2F@10.20.0.7/main', { url: 'rtsp://10.20.0.7/main', user: 'cam', password: 'p@ss:w/' }],
    ['rtsp://cam:p@ss@10.20.0.7', { url: 'rtsp://10.20.0.7', user: 'cam', password: 'p@ss' }],
    ['rtmp://cam@10.20.0.7/a/b', { url: 'rtmp://10.20.0.7/a/b', user: 'cam', password: '' }],
    ['rtsp://cam:100%@10.20.0.7/', { url: 'rtsp://10.20.0.7/', user: 'cam', password: '100%' }],
  ])('%s', (url, expected) => {
    expect(splitCredentials(url)).toEqual(expected);
  });
});
