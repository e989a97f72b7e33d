import type { Consumer } from 'mediasoup/types';
import type { PipeEnd, PipeOffer, Sending, SendRequest } from './media.ts';
import type { PipeTransports } from './pipe-transports.ts';
import type { PublicationLeg } from './publication.ts';

/** Sends all layers of a publication to another pod. Key-frame requests of that pod reach the publisher. */
export async function send(
  transports: PipeTransports,
  publication: PublicationLeg,
  { shared, to }: Omit<SendRequest, 'publication'>,
): Promise<Sending> {
  const { seat } = publication;
  const lease = transports.share(seat, shared) ?? (await transports.open(seat, to));
  const { end } = lease;
  const consumers: Consumer[] = [];
  const close = (): void => {
    for (const consumer of consumers) consumer.close();
    lease.release();
  };
  try {
    for (const { id } of publication.playable()) consumers.push(await end.transport.consume({ producerId: id }));
  } catch (error) {
    close();
    throw error;
  }
  const offer: PipeOffer = {
    transport: end.id,
    end: end.own,
    tracks: consumers.map(({ kind, rtpParameters }) => ({ kind, rtpParameters: { ...rtpParameters } })),
    layers: publication.layers().map(({ encodingId }) => encodingId),
  };
  return { offer, connect: (other: PipeEnd) => end.connect(other), close };
}
