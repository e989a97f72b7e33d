import { beforeEach, describe, expect, it } from 'vitest';
import type { TerminationOrder } from '../../crds/schema/internal.ts';
import { fleetOfOne } from '../../test/builders/fleet-of-one.ts';
import { logLines } from '../../test/builders/log-lines.ts';
import { fakeStreams } from '../../test/builders/streams.ts';
import { VirtualClock } from '../../test/builders/virtual-clock.ts';
import { DenyList } from '../streams/deny.ts';
import type { Asked } from './ask.ts';
import type { Answer } from './messages.ts';
import { Orders } from './orders.ts';
import { Terminations, type TerminationsDeps } from './terminations.ts';

const HOUR_MS = 60 * 60_000;
const ORDER: TerminationOrder = { uid: 'u1', filter: {}, dryRun: false, denyForMs: 0 };

describe('Terminations', () => {
  let streams: ReturnType<typeof fakeStreams>;
  let clock: VirtualClock;
  let deny: DenyList;
  let logged: ReturnType<typeof logLines>;

  beforeEach(() => {
    streams = fakeStreams();
    clock = new VirtualClock();
    deny = new DenyList({ clock, isProxy: () => false });
    logged = logLines();
  });

  const terminations = (fleet: TerminationsDeps['fleet'] = fleetOfOne(streams, { deny }).asking): Terminations =>
    new Terminations({ ...streams, deny, clock, fleet, orders: new Orders(clock), log: logged.log });

  it('carries an order out once, and repeats the answer', async () => {
    const all = terminations();
    streams.add();
    expect(await all.carryOut(ORDER)).toEqual({ matched: 1, terminated: 1 });
    const later = streams.add({ name: 'b' });
    expect(await all.carryOut(ORDER)).toEqual({ matched: 1, terminated: 1 });
    expect(later.cause).toBeNull();
    expect(logged.lines()).toMatchObject([{ uid: 'u1', matched: 1, terminated: 1 }]);
  });

  it('carries out two orders, and one again after an hour', async () => {
    const all = terminations();
    streams.add();
    expect(await all.carryOut({ ...ORDER, dryRun: true })).toEqual({ matched: 1, terminated: 0 });
    expect(await all.carryOut({ ...ORDER, uid: 'u2', dryRun: true })).toEqual({ matched: 1, terminated: 0 });
    await clock.advance(HOUR_MS);
    streams.add({ name: 'b' });
    // An order that comes in between makes room.
    await all.carryOut({ ...ORDER, uid: 'u3', dryRun: true });
    expect(await all.carryOut({ ...ORDER, dryRun: true })).toEqual({ matched: 2, terminated: 0 });
  });

  it('says that a stream could not be closed, and does not try again', async () => {
    const all = terminations();
    streams.add({ close: () => Promise.reject(new Error('the worker does not answer')) });
    const answer = {
      matched: 1,
      terminated: 0,
      warning: '1 of 1 streams could not be closed',
    };
    expect(await all.carryOut(ORDER)).toEqual(answer);
    streams.add({ name: 'b' });
    expect(await all.carryOut(ORDER)).toEqual(answer);
    expect(streams.registry.size).toBe(1);
  });

  it('ends streams as the REST API does, but says to the program of a capture who ended it', async () => {
    const stream = streams.add();
    await terminations().carryOut(ORDER);
    expect([stream.cause, stream.captureCause]).toEqual(['rest', 'resource']);
    const other = streams.add();
    expect(other.captureCause).toBeNull();
    await streams.terminator.end(other, 'rest');
    expect(other.captureCause).toBe('rest');
  });

  it('denies the clients of the streams that it ends', async () => {
    const stream = streams.add({ name: 'a' });
    await terminations().carryOut({ ...ORDER, denyForMs: 60_000 });
    expect(deny.denied('defaultApp', 'a', 'publish', stream.client)).toBe(true);
  });

  it('ends the streams although another pod could not be told who is denied, and tells it when asked again', async () => {
    const stream = streams.add();
    const told: Asked<Answer<'deny'>> = { pod: 'pod-1', uid: 'b', answer: {}, error: null };
    const replies = [{ ...told, error: 'timeout' }, { ...told, error: 'timeout' }, told];
    const asked: unknown[] = [];
    const all = terminations({
      all: async (_op, question) => {
        asked.push(question);
        return [replies.shift() ?? told];
      },
    });
    const order = { ...ORDER, denyForMs: 60_000 };
    const done = { matched: 1, terminated: 1, denied: 1 };
    expect(await all.carryOut(order)).toEqual({ ...done, error: 'could not tell pod-1 who is denied' });
    expect(stream.cause).toBe('rest');
    expect(await all.carryOut(order)).toEqual(done);
    expect(await all.carryOut(order)).toEqual(done);
    expect(asked).toHaveLength(3);
  });
});
