import { expect, it } from 'vitest';
import { fakeStream, fakeStreams } from '../../test/builders/streams.ts';
import { VirtualClock } from '../../test/builders/virtual-clock.ts';
import { type StreamEvent, StreamEvents } from './stream-events.ts';

function stage() {
  const { add, registry } = fakeStreams();
  const elsewhere: StreamEvent[] = [];
  const clock = new VirtualClock();
  const relay = (_publication: unknown, event: StreamEvent) => elsewhere.push(event);
  const events = new StreamEvents({ registry, elsewhere: { relay }, clock });
  return { add, clock, registry, events, elsewhere };
}

it('an event reaches the viewers that follow, and other pods', () => {
  const { add, elsewhere, events, registry } = stage();
  const publication = add();
  const [viewer, whep, other] = [add({ direction: 'play' }), add({ direction: 'play' }), add({ direction: 'play' })];
  for (const playback of [viewer, whep]) registry.bind(playback, publication);
  const told: unknown[] = [];
  for (const each of [viewer, other]) events.follow(each, (json) => told.push([each === viewer, JSON.parse(json)]));
  const event = { type: 'data', payload: { a: 1 } } as const;
  events.relay(publication, event);
  expect([told, elsewhere]).toEqual([[[true, event]], [event]]);
});

it('what is muted is known to those who come later', () => {
  const { events } = stage();
  const publication = fakeStream();
  const viewer = Object.assign(fakeStream({ direction: 'play' }), { publication });
  expect([events.missed(publication), events.mutedIn(viewer).audioState.muted]).toEqual([[], false]);
  for (const type of ['audioMuted', 'videoMuted', 'data', 'videoUnmuted'] as const) events.relay(publication, { type });
  expect(events.missed(publication)).toEqual([{ type: 'audioMuted' }]);
  expect(events.mutedIn(viewer)).toEqual({ audioState: { muted: true }, videoState: { muted: false } });
  events.relay(publication, { type: 'videoMuted' });
  expect(events.missed(publication)).toEqual([{ type: 'audioMuted' }, { type: 'videoMuted' }]);
});

it('an event is written once for all viewers', () => {
  const { add, events, registry } = stage();
  const publication = add();
  const written = { count: 0, toJSON: () => ++written.count };
  events.relay(publication, { type: 'data', payload: written });
  expect(written.count).toBe(0);
  const told: string[] = [];
  for (let viewer = 0; viewer < 10; viewer++) {
    const playback = add({ direction: 'play' });
    registry.bind(playback, publication);
    events.follow(playback, (json) => told.push(json));
  }
  events.relay(publication, { type: 'data', payload: written });
  expect([written.count, new Set(told), told.length]).toEqual([1, new Set(['{"type":"data","payload":1}']), 10]);
});

it.each<[string, number, string, number, number]>([
  ['100 viewers', 100, 'x', 200, 50],
  ['1,000 viewers', 1_000, 'x', 20, 5],
  ['1,000 viewers and 8 KiB', 1_000, 'x'.repeat(8_000), 10, 2],
])('events are limited for each publication: for %s', async (_what, viewers, payload, burst, perSecond) => {
  const { add, clock, elsewhere, events, registry } = stage();
  const publications = [add(), add({ name: 'b' })];
  for (const publication of publications) {
    for (let viewer = 0; viewer < viewers; viewer++) {
      const playback = add({ direction: 'play' });
      registry.bind(playback, publication);
      events.follow(playback, () => undefined);
    }
  }
  const told = (): number[] =>
    publications.map((each) => {
      const relayed = Array.from({ length: 300 }, () => events.relay(each, { type: 'data', payload }));
      return relayed.filter(Boolean).length;
    });
  expect(told()).toEqual([burst, burst]);
  await clock.advance(1_000);
  expect(told()).toEqual([perSecond, perSecond]);
  // Other pods have viewers of their own.
  expect(elsewhere.length).toBe(4 * 300);
});

it('what is muted is known to those who come later, also if the viewers were not told', () => {
  const { add, events, registry } = stage();
  const publication = add();
  const viewer = add({ direction: 'play' });
  const told: string[] = [];
  registry.bind(viewer, publication);
  events.follow(viewer, (json) => told.push(json));
  const floods = (type: 'data' | 'videoMuted'): void => {
    for (let sent = 0; sent < 30_000; sent++) events.relay(publication, { type });
    told.length = 0;
  };
  floods('data');
  expect(events.relay(publication, { type: 'videoMuted' })).toBe(true);
  floods('videoMuted');
  expect(events.relay(publication, { type: 'audioMuted' })).toBe(false);
  expect([told, events.mutedIn(viewer).audioState.muted]).toEqual([[], true]);
});
