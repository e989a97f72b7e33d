import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import { VirtualClock } from '../../test/builders/virtual-clock.ts';
import { Complaints } from './complaints.ts';

function setUp() {
  const lines: Record<string, unknown>[] = [];
  const log = pino({ base: null, timestamp: false }, { write: (line) => lines.push(JSON.parse(line)) });
  const clock = new VirtualClock();
  return { clock, complaints: new Complaints(clock, log), lines };
}
const down = { kind: 'failure', failure: 'refused' } as const;
const check = { hook: 'backend', reply: down, streamId: 's1', intervalMs: 1_000 };

describe('Complaints', () => {
  it('logs the first check at once, with its reply', () => {
    const { complaints, lines } = setUp();
    complaints.hear('failed', check);
    expect(lines).toEqual([
      {
        level: 40,
        hook: 'backend',
        streamId: 's1',
        reply: 'the connection was refused',
        checks: 1,
        msg: 'a keep-alive check failed',
      },
    ]);
  });

  it('logs a thousand more in one line, later', async () => {
    const { clock, complaints, lines } = setUp();
    for (let i = 0; i < 1_000; i++) complaints.hear('failed', check);
    expect(lines).toHaveLength(1);
    await clock.advance(10_000);
    complaints.hear('failed', check);
    expect(lines.map(({ checks }) => checks)).toEqual([1, 1_000]);
  });

  it('logs once that a backend answers again, when no check has failed for ten seconds', async () => {
    const { clock, complaints, lines } = setUp();
    complaints.hear('failed', check);
    complaints.hear('failed_ended', check);
    await clock.advance(9_999);
    complaints.hear('ok', check);
    expect(lines).toHaveLength(2);
    await clock.advance(1);
    complaints.hear('ok', { ...check, hook: 'other' });
    expect(lines).toHaveLength(2);
    for (let i = 0; i < 10; i++) complaints.hear('ok', check);
    const msg = 'a backend answers keep-alive checks again';
    expect(lines.slice(2)).toEqual([{ level: 30, hook: 'backend', failed: 2, msg }]);
  });

  it('does not log that while one of two streams fails each check', async () => {
    const { clock, complaints, lines } = setUp();
    for (let round = 0; round < 5; round++) {
      complaints.hear('failed', { ...check, intervalMs: 30_000 });
      await clock.advance(15_000);
      complaints.hear('ok', { ...check, streamId: 's2', intervalMs: 30_000 });
      await clock.advance(15_000);
    }
    expect(new Set(lines.map(({ msg }) => msg))).toEqual(new Set(['a keep-alive check failed']));
  });

  it('keeps backends and results apart', () => {
    const { complaints, lines } = setUp();
    complaints.hear('failed', check);
    complaints.hear('failed', { ...check, hook: 'other' });
    complaints.hear('refused_logged', check);
    complaints.hear('failed_ended', check);
    expect(lines).toHaveLength(4);
  });

  it('does not log successful checks', () => {
    const { complaints, lines } = setUp();
    complaints.hear('ok', check);
    complaints.hear('refused', check);
    expect(lines).toEqual([]);
  });
});
