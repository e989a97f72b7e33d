import { beforeEach, describe, expect, it } from 'vitest';
import { settle, VirtualClock } from '../../test/builders/virtual-clock.ts';
import { type Channel, Conversation } from './conversation.ts';

/** A channel of which the test is the other side. */
class FakeChannel implements Channel {
  readonly sent: object[] = [];
  isClosed = false;
  isBehind = false;
  hear: (line: unknown) => void = () => undefined;
  fail: (fault: string | null) => void = () => undefined;

  send(line: object): void {
    this.sent.push(line);
  }

  close(): void {
    this.isClosed = true;
  }

  listen(onLine: (line: unknown) => void, onClosed: (fault: string | null) => void): void {
    this.hear = onLine;
    this.fail = onClosed;
  }
}

let clock: VirtualClock;
let channel: FakeChannel;
let conversation: Conversation;
beforeEach(() => {
  clock = new VirtualClock();
  channel = new FakeChannel();
  conversation = new Conversation(channel, clock);
});

describe('a conversation', () => {
  it('hands lines on in order, whether they are awaited or not', async () => {
    channel.hear({ a: 1 });
    channel.hear({ a: 2 });
    const awaited = [await conversation.next(), await conversation.next(), conversation.next()];
    channel.hear({ a: 3 });
    expect(await Promise.all(awaited)).toEqual([{ a: 1 }, { a: 2 }, { a: 3 }]);
  });

  it('sends heartbeats, and does not hand on those of the other side', async () => {
    await clock.advance(12_000);
    expect(channel.sent).toEqual([{}, {}]);
    const next = conversation.next();
    channel.hear({});
    channel.hear({ a: 1 });
    expect(await next).toEqual({ a: 1 });
  });

  it('hands events on as they arrive, however many, and keeps all other lines', async () => {
    const events: unknown[] = [];
    const other = new FakeChannel();
    const heard = new Conversation(other, clock, (event) => events.push(event));
    for (let index = 0; index < 100; index++) other.hear({ event: index });
    other.hear({ a: 1 });
    expect([await heard.next(), events.length, heard.isOver]).toEqual([{ a: 1 }, 100, false]);
  });

  it('is over when the other side is silent for 15 s', async () => {
    const next = conversation.next();
    await clock.advance(14_000);
    channel.hear({});
    await clock.advance(14_000);
    expect(conversation.isOver).toBe(false);
    await clock.advance(1_000);
    expect([await next, conversation.isOver, conversation.fault, channel.isClosed]).toEqual([
      null,
      true,
      'it is silent',
      true,
    ]);
  });

  it.each<[string, () => void, string | null]>([
    ['the other side closes it', () => channel.fail(null), null],
    ['the connection fails', () => channel.fail('it refuses connections'), 'it refuses connections'],
    ['the other side sends something else', () => channel.hear(7), 'it sent a line that is not an object'],
    ['this side closes it', () => conversation.close(), null],
  ])('is over when %s, and leaves no timer', async (_what, end, fault) => {
    const next = conversation.next();
    end();
    await settle();
    conversation.say({ late: true });
    expect([await next, await conversation.next(), conversation.fault]).toEqual([null, null, fault]);
    expect([channel.sent, channel.isClosed, clock.pending]).toEqual([[], true, 0]);
  });
});
