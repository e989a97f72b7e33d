import { Peer } from '../clients/peer.ts';

// A process of players that connect and then only take up packets. The parent answers their offers, then stops the
// process: the kernel drops what nobody reads, so that players cost the machine no time.

/** Messages between the parent and a process of sinks. */
export type SinkOrder =
  | { readonly kind: 'offer'; readonly count: number }
  | { readonly kind: 'answer'; readonly id: number; readonly sdp: string };
export type SinkTold =
  | { readonly kind: 'offer'; readonly id: number; readonly sdp: string }
  | { readonly kind: 'connected' };

const peers: Peer[] = [];
const tell = (message: SinkTold): void => void process.send?.(message);

process.on('message', async (message) => {
  const order = message as SinkOrder;
  if (order.kind === 'answer') {
    const peer = peers[order.id];
    peer?.answer(order.sdp);
    await peer?.connected();
    tell({ kind: 'connected' });
    return;
  }
  for (let id = 0; id < order.count; id++) {
    const peer = new Peer({ direction: 'RecvOnly' });
    peers.push(peer);
    tell({ kind: 'offer', id, sdp: await peer.offer() });
  }
});
process.on('disconnect', () => process.exit(0));
