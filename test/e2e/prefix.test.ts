import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { moves, Pages, shows } from '../harness/pages.ts';
import { PrefixProxy } from '../harness/prefix-proxy.ts';

let pages: Pages;
let proxy: PrefixProxy;

beforeAll(async () => {
  pages = await Pages.start({ mediaServer: { rest: { trustedProxies: ['127.0.0.1'] } } });
  proxy = await PrefixProxy.start(pages.server.url, '/live/media');
});

afterEach(() => pages.clear());

afterAll(async () => {
  await proxy?.close();
  await pages?.stop();
});

it('all pages, event streams and the end of a session work behind a proxy that strips a prefix', async () => {
  const publisher = await pages.open('/publish?name=cam', proxy);
  await publisher.locator('#start').click();
  await shows(publisher, '#state', 'Live');
  const index = await pages.open('/', proxy);
  await index.locator('nav a', { hasText: 'Play' }).click();
  await index.locator('[name=name]').fill('cam');
  await index.locator('#start').click();
  await shows(index, '#state', 'Playing');
  await moves(index);
  const page = await pages.open('/console', proxy);
  await shows(page, 'main', 'cam');

  await pages.server.terminate({ published: false });
  await shows(index, '#state', 'Ended: Stopped by rest /terminate');
  await publisher.locator('#stop').click();
  await pages.backend.waitFor('unPublishStream');
  expect(pages.complaints).toEqual([]);
});
