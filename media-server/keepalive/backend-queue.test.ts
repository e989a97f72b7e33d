import { describe, expect, it } from 'vitest';
import { BackendQueue, type QueuedCall } from './backend-queue.ts';

type Named = QueuedCall & { readonly name: string };

function setUp(limit: number) {
  const sent: string[] = [];
  const queue = new BackendQueue<Named>(limit, ({ name }) => sent.push(name));
  const push = (name: string, dueAt: number): Named => {
    const call = { name, dueAt };
    queue.push(call);
    return call;
  };
  return { sent, queue, push };
}

describe('BackendQueue', () => {
  it('sends at most `limit` calls at a time', () => {
    const { push, queue, sent } = setUp(2);
    const a = push('a', 1);
    push('b', 2);
    push('c', 3);
    expect({ sent, inFlight: queue.sent, waiting: queue.waiting }).toEqual({
      sent: ['a', 'b'],
      inFlight: 2,
      waiting: 1,
    });
    queue.remove(a);
    expect(sent).toEqual(['a', 'b', 'c']);
  });

  it('sends the oldest due first, and equally old calls in order of arrival', () => {
    const { push, queue, sent } = setUp(1);
    let running = push('first', 0);
    const calls = [push('e', 9), push('c', 5), push('d', 5), push('a', 1), push('b', 3)];
    for (const _ of calls) {
      queue.remove(running);
      running = calls.find(({ name }) => name === sent.at(-1)) ?? running;
    }
    expect(sent).toEqual(['first', 'a', 'b', 'c', 'd', 'e']);
  });

  it('forgets a waiting call without sending another', () => {
    const { push, queue, sent } = setUp(1);
    const a = push('a', 1);
    const same = [push('b', 2), push('c', 2), push('d', 2)];
    for (const call of same) queue.remove(call);
    expect({ sent, waiting: queue.waiting, idle: queue.idle }).toEqual({ sent: ['a'], waiting: 0, idle: false });
    queue.remove(a);
    expect({ sent, idle: queue.idle }).toEqual({ sent: ['a'], idle: true });
  });

  it('ignores the removal of a call that is unknown or already removed', () => {
    const { push, queue, sent } = setUp(1);
    const a = push('a', 1);
    push('b', 2);
    push('c', 2);
    queue.remove(a);
    queue.remove(a);
    queue.remove({ name: 'x', dueAt: 2 });
    expect({ sent, waiting: queue.waiting }).toEqual({ sent: ['a', 'b'], waiting: 1 });
  });
});
