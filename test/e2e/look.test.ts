import { mkdir } from 'node:fs/promises';
import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { Pages, shows } from '../harness/pages.ts';
import { until } from '../harness/wait.ts';

/** Set this to a folder to save screenshots of the pages. */
const SCREENSHOTS = process.env['SCREENSHOTS'];

let pages: Pages;

beforeAll(async () => {
  pages = await Pages.start();
  if (SCREENSHOTS) await mkdir(SCREENSHOTS, { recursive: true });
});

afterEach(() => pages.clear());

afterAll(() => pages?.stop());

/** Texts of a page with a contrast below 4.5 (WCAG 2.2, 1.4.3). Disabled controls are exempt. */
const FAINT_TEXTS = `(() => {
  const context = new OffscreenCanvas(1, 1).getContext('2d', { willReadFrequently: true });
  const paint = (colors) => {
    for (const color of colors) {
      context.fillStyle = color;
      context.fillRect(0, 0, 1, 1);
    }
    return [...context.getImageData(0, 0, 1, 1).data].slice(0, 3);
  };
  const luminance = (rgb) => {
    const [r, g, b] = rgb.map((v) => v / 255).map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const backgrounds = (element) =>
    element ? [...backgrounds(element.parentElement), getComputedStyle(element).backgroundColor] : [];
  const ratio = (element) => {
    const behind = backgrounds(element);
    const [light, dark] = [paint(behind), paint([...behind, getComputedStyle(element).color])]
      .map(luminance)
      .sort((a, b) => b - a);
    return (light + 0.05) / (dark + 0.05);
  };
  const hasText = (element) => [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim() !== '');
  return [...document.body.querySelectorAll('*')]
    .filter((element) => hasText(element) && element.checkVisibility() && !element.disabled)
    .map((element) => [element.textContent.trim(), Math.round(ratio(element) * 10) / 10])
    .filter(([, value]) => value < 4.5);
})()`;

async function look(page: Page, name: string): Promise<void> {
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme });
    const background = await page.evaluate('getComputedStyle(document.body).backgroundColor');
    expect(background).toBe(colorScheme === 'light' ? 'rgb(246, 247, 249)' : 'rgb(16, 20, 24)');
    expect({ colorScheme, faint: await page.evaluate(FAINT_TEXTS) }).toEqual({ colorScheme, faint: [] });
    for (const [kind, width] of [
      ['phone', 360],
      ['desk', 1280],
    ] as const) {
      await page.setViewportSize({ width, height: 800 });
      const overflow = await page.evaluate(
        'document.documentElement.scrollWidth - document.documentElement.clientWidth',
      );
      expect({ name, kind, overflow }).toEqual({ name, kind, overflow: 0 });
      if (SCREENSHOTS) await page.screenshot({ path: `${SCREENSHOTS}/${name}-${kind}-${colorScheme}.png` });
    }
  }
}

describe('the pages, in light and dark, on a phone and on a desktop', () => {
  it.each([
    ['index', '/'],
    ['publish', '/publish'],
    ['play', '/play'],
    ['console', '/console'],
  ])('%s fits the screen and is readable', async (name, path) => {
    await look(await pages.open(path), name);
    expect(pages.complaints).toEqual([]);
  });

  it('fit the screen and are readable while streams are live, and after they have ended', async () => {
    const publisher = await pages.publish('name=keynote&source=test');
    const player = await pages.play('name=keynote');
    await pages.publish('name=a-name-that-is-so-long-that-it-does-not-fit-beside-anything-else&source=test');
    const overview = await pages.open('/console');
    await until('all are listed', async () => (await overview.locator('#live tr').count()) === 3);
    await look(publisher, 'publish-live');
    await look(player, 'play-live');
    await pages.server.terminate({ name: 'keynote', published: false });
    await shows(player, '#state', 'Ended');
    await look(player, 'play-ended');
    await until('the end is listed', async () => (await overview.locator('#ended tr').count()) > 0);
    await look(overview, 'console-live');
    await overview.setViewportSize({ width: 360, height: 800 });
    const button = await overview.locator('#live button').first().boundingBox();
    expect(button && button.x + button.width).toBeLessThanOrEqual(360);
    const other = await overview.locator('#sessions button').first().boundingBox();
    expect(other && other.x + other.width).toBeLessThanOrEqual(360);
    await overview.locator('#end-all').click();
    await overview.locator('#confirm').waitFor();
    await look(overview, 'console-confirm');
  });
});
