import { beforeEach, describe, expect, it } from 'vitest';
import { fakeStreams } from '../../../test/builders/streams.ts';
import { VirtualClock } from '../../../test/builders/virtual-clock.ts';
import type { Stream } from '../../streams/stream.ts';
import { Attendance } from './attendance.ts';

let clock: VirtualClock;
let attendance: Attendance;
let streams: ReturnType<typeof fakeStreams>;
let stream: Stream;

beforeEach(() => {
  clock = new VirtualClock();
  streams = fakeStreams();
  attendance = new Attendance({ clock, terminator: streams.terminator });
  stream = streams.add();
  attendance.add(stream);
});

describe('Attendance', () => {
  it('ends a publication that has no event stream after 15 s', async () => {
    await clock.advance(14_999);
    expect(stream.cause).toBeNull();
    await clock.advance(1);
    expect(stream.cause).toBe('disconnect');
  });

  it('lets it be while it has one', async () => {
    attendance.join(stream);
    await clock.advance(3_600_000);
    expect([stream.cause, clock.pending]).toEqual([null, 0]);
  });

  it('ends it as soon as the last one is closed', () => {
    const [first, second] = [attendance.join(stream), attendance.join(stream)];
    first();
    expect(stream.cause).toBeNull();
    second();
    expect(stream.cause).toBe('disconnect');
  });

  it('leaves its own cause to one that has ended, and no timer', async () => {
    const [leave, unattended] = [attendance.join(stream), streams.add({ name: 'b' })];
    attendance.add(unattended);
    for (const each of [stream, unattended]) await streams.terminator.end(each, 'rest');
    leave();
    expect([stream.cause, unattended.cause, clock.pending]).toEqual(['rest', 'rest', 0]);
  });

  it('does not wait for one that ended before its offer was answered', async () => {
    const ended = streams.add({ name: 'b' });
    await streams.terminator.end(ended, 'rest');
    attendance.add(ended);
    attendance.join(stream);
    expect(clock.pending).toBe(0);
  });
});
