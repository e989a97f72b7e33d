import { expect, it } from 'vitest';
import { fakeStream, fakeStreams } from '../../test/builders/streams.ts';
import { type StreamEvent, StreamEvents } from './stream-events.ts';

function stage() {
  const { add, registry } = fakeStreams();
  const elsewhere: StreamEvent[] = [];
  const events = new StreamEvents({ registry, elsewhere: { relay: (_publication, event) => elsewhere.push(event) } });
  return { add, registry, events, elsewhere };
}

it('an event reaches the viewers that follow, and other pods', () => {
  const { add, elsewhere, events, registry } = stage();
  const publication = add();
  const [viewer, whep, other] = [add({ direction: 'play' }), add({ direction: 'play' }), add({ direction: 'play' })];
  for (const playback of [viewer, whep]) registry.bind(playback, publication);
  const told: unknown[] = [];
  for (const playback of [viewer, other]) events.follow(playback, (event) => told.push([playback === viewer, event]));
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
