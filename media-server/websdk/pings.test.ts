import { describe, expect, it } from 'vitest';
import { VirtualClock } from '../../test/builders/virtual-clock.ts';
import { Pings } from './pings.ts';

function stage() {
  const clock = new VirtualClock();
  const settings = { intervalMs: 5_000, missed: 3 };
  const seen: string[] = [];
  const note = (what: string) => () => void seen.push(`${what} at ${clock.monotonic() / 1000} s`);
  const pings = new Pings({ clock, settings: () => settings, send: note('ping'), lost: note('lost') });
  return { clock, pings, seen, settings };
}

describe('Pings', () => {
  it('loses a client that leaves a number of pings unanswered', async () => {
    const { clock, seen } = stage();
    await clock.advance(60_000);
    expect(seen).toEqual(['ping at 5 s', 'ping at 10 s', 'ping at 15 s', 'lost at 20 s']);
    expect(clock.pending).toBe(0);
  });

  it('counts from the last message', async () => {
    const { clock, pings, seen } = stage();
    for (let pinged = 0; pinged < 100; pinged++) {
      await clock.advance(10_000);
      pings.heard();
    }
    expect(seen).toHaveLength(200);
    pings.stop();
    expect(clock.pending).toBe(0);
  });

  it('takes over a new interval after the next ping', async () => {
    const { clock, seen, settings } = stage();
    settings.intervalMs = 1_000;
    await clock.advance(7_000);
    expect(seen).toEqual(['ping at 5 s', 'ping at 6 s', 'ping at 7 s']);
  });
});
