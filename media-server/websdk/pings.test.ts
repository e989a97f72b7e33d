import { describe, expect, it } from 'vitest';
import { VirtualClock } from '../../test/builders/virtual-clock.ts';
import { type Pinged, Pings } from './pings.ts';

function stage() {
  const clock = new VirtualClock();
  const settings = { intervalMs: 5_000, missed: 3 };
  const pings = new Pings({ clock, settings: () => settings });
  const seen: string[] = [];
  const note = (what: string) => () => void seen.push(`${what} at ${clock.monotonic() / 1000} s`);
  const client = (name = ''): Pinged => ({ ping: note(`ping${name}`), lost: note(`lost${name}`) });
  return { client, clock, pings, seen, settings };
}

describe('Pings', () => {
  it('lose a client that leaves a number of pings unanswered', async () => {
    const { client, clock, pings, seen } = stage();
    pings.start(client());
    await clock.advance(60_000);
    expect(seen).toEqual(['ping at 5 s', 'ping at 10 s', 'ping at 15 s', 'lost at 20 s']);
    expect(clock.pending).toBe(0);
  });

  it('count from the last message', async () => {
    const { client, clock, pings, seen } = stage();
    const { heard, stop } = pings.start(client());
    for (let pinged = 0; pinged < 100; pinged++) {
      await clock.advance(10_000);
      heard();
    }
    expect(seen).toHaveLength(200);
    stop();
    expect(clock.pending).toBe(0);
  });

  it('take over a new interval within five seconds, also for clients that come later', async () => {
    const { client, clock, pings, seen, settings } = stage();
    settings.intervalMs = 3_600_000;
    pings.start(client(' a'));
    await clock.advance(12_000);
    settings.intervalMs = 1_000;
    pings.start(client(' b'));
    await clock.advance(4_000);
    expect(seen).toEqual(['ping a at 15 s', 'ping b at 15 s', 'ping a at 16 s', 'ping b at 16 s']);
    settings.intervalMs = 3_600_000;
    await clock.advance(3_600_000);
    expect(seen.slice(4)).toEqual(['ping a at 3616 s', 'ping b at 3616 s']);
  });

  it('reach each client at its own time, those of a tenth of a second together', async () => {
    const { client, clock, pings, seen } = stage();
    for (const name of [' a', ' b', ' c']) {
      pings.start(client(name));
      await clock.advance(50);
    }
    const late = pings.start(client(' d'));
    await clock.advance(5_000);
    expect(seen).toEqual(['ping a at 5 s', 'ping b at 5.1 s', 'ping c at 5.1 s']);
    late.stop();
    await clock.advance(10_000);
    expect(seen.slice(3)).toEqual([
      ...['ping a at 10 s', 'ping b at 10.1 s', 'ping c at 10.1 s'],
      ...['ping a at 15 s', 'ping b at 15.1 s', 'ping c at 15.1 s'],
    ]);
  });

  it('need one timer, and few wake-ups, for many clients', async () => {
    const { clock, pings } = stage();
    let pinged = 0;
    const ping = (): void => void pinged++;
    const clients = [];
    for (let started = 0; started < 5_000; started++) {
      clients.push(pings.start({ ping, lost: () => undefined }));
      await clock.advance(1);
    }
    expect(clock.pending).toBe(1);
    const wakeUps = new Set<number>();
    for (let ms = 0; ms < 5_000; ms++) {
      const before = pinged;
      await clock.advance(1);
      if (pinged > before) wakeUps.add(ms);
    }
    expect(pinged).toBeGreaterThanOrEqual(4_900);
    expect(wakeUps.size).toBeLessThanOrEqual(51);
    for (const { stop } of clients) stop();
    expect(clock.pending).toBe(0);
  });

  it('go on for the others when a client is lost, or leaves, while it is pinged', async () => {
    const { client, clock, pings, seen } = stage();
    const leaving = pings.start({ ping: () => leaving.stop(), lost: () => undefined });
    pings.start(client(' b')).heard();
    await clock.advance(10_000);
    expect(seen).toEqual(['ping b at 5 s', 'ping b at 10 s']);
    expect(clock.pending).toBe(1);
  });
});
