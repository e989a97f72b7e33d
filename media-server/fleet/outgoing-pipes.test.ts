import { expect, it } from 'vitest';
import { systemClock } from '../../process/clock.ts';
import { fleetOfOne } from '../../test/builders/fleet-of-one.ts';
import { ModelMedia } from '../../test/builders/model-pipes.ts';
import { fakeStreams } from '../../test/builders/streams.ts';
import { settle } from '../../test/builders/virtual-clock.ts';
import type { Media } from '../media/media.ts';
import { type StreamEvent, StreamEvents } from '../streams/stream-events.ts';
import type { Channel } from './conversation.ts';
import type { Fleet } from './fleet.ts';

/** The channel from another pod, which asks for the publication `a`. */
class Asking implements Channel {
  isBehind = false;
  readonly sent: object[] = [];

  send(line: object): void {
    this.sent.push(line);
  }

  close(): void {}

  listen(onLine: (line: unknown) => void): void {
    const question = { appKey: 'defaultApp', name: 'a', shared: [] };
    onLine({ from: 'b', startedAt: 1, revision: 2, question });
  }
}

it('events of a publisher reach the pods that fetch its stream; one that is behind learns what is muted', async () => {
  const streams = fakeStreams();
  const publication = streams.add();
  const elsewhere = { relay: (...args: Parameters<Fleet['outgoing']['relay']>) => fleet.outgoing.relay(...args) };
  const events = new StreamEvents({ registry: streams.registry, elsewhere, clock: systemClock });
  const media = new ModelMedia();
  const fleet: Fleet = fleetOfOne(streams, { events, media: () => media as ModelMedia & Media });
  const members = ['pod-0', 'b'].map((uid) => ({ pod: uid, uid, address: 'localhost', port: 1 }));
  fleet.membership.offer({ revision: 2, members });
  events.relay(publication, { type: 'videoMuted' });

  const channel = new Asking();
  void fleet.outgoing.serve(channel);
  await settle();
  const data: StreamEvent = { type: 'data', payload: { a: 1 } };
  events.relay(publication, data);
  channel.isBehind = true;
  events.relay(publication, data);
  events.relay(publication, { type: 'audioMuted', payload: 'much' });
  expect(channel.sent.slice(1)).toEqual([
    { event: { type: 'videoMuted' } },
    { event: data },
    { event: { type: 'audioMuted' } },
  ]);
  fleet.close();
});
