import { beforeEach, describe, expect, it } from 'vitest';
import { logLines } from '../../test/builders/log-lines.ts';
import { VirtualClock } from '../../test/builders/virtual-clock.ts';
import { RefusedOrigins } from './refused-origins.ts';

describe('refused origins', () => {
  let clock: VirtualClock;
  let logged: () => unknown[];
  let refused: RefusedOrigins;

  beforeEach(() => {
    clock = new VirtualClock();
    const { lines, log } = logLines();
    logged = () => lines().map(({ origin }) => origin);
    refused = new RefusedOrigins({ clock, log });
  });

  it('are logged once a minute each', async () => {
    refused.add('https://a.example');
    await clock.advance(30_000);
    refused.add('https://a.example');
    refused.add('https://b.example');
    expect(logged()).toEqual(['https://a.example', 'https://b.example']);
    await clock.advance(30_000);
    refused.add('https://a.example');
    refused.add('https://b.example');
    expect(logged().slice(2)).toEqual(['https://a.example']);
  });

  it('fill neither the log nor the memory', async () => {
    for (let index = 0; index < 1_000; index++) refused.add(`https://${index}.example`);
    expect(logged()).toHaveLength(20);
    await clock.advance(60_000);
    refused.add('x'.repeat(10_000));
    expect(logged().slice(20)).toEqual(['x'.repeat(256)]);
  });
});
