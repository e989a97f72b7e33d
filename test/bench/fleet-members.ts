// Runs members of a fleet without streams: the listener and the answers of real pods. The parent says how many.
import { openInternal } from '../../media-server/fleet/internal-listener.ts';
import { createLogger } from '../../process/logger.ts';
import { fleetOfOne } from '../builders/fleet-of-one.ts';
import { podStatus } from '../builders/fleet-parts.ts';
import { fakeStreams } from '../builders/streams.ts';
import { freePort } from '../harness/ports.ts';

export type StartMembers = { readonly count: number; readonly keyFile: string };
/** The ports of the members. */
export type MembersTold = readonly number[];

process.on('message', async ({ count, keyFile }: StartMembers) => {
  const ports: number[] = [];
  for (let index = 0; index < count; index++) {
    const port = await freePort();
    await openInternal({
      host: '127.0.0.1',
      port,
      keyFile,
      status: () => podStatus(),
      offer: () => undefined,
      fleet: fleetOfOne(fakeStreams(), { podName: `pod-${index}`, uid: `uid-${index}` }),
      cordon: () => undefined,
      terminations: { carryOut: async () => ({ matched: 0, terminated: 0 }) },
      sessions: (_request, response) => response.end(),
      captures: (_request, response) => response.end(),
      calls: { serve: async (channel) => channel.close() },
      pipes: { serve: async (channel) => channel.close() },
      log: createLogger('silent'),
    });
    ports.push(port);
  }
  process.send?.(ports satisfies MembersTold);
});
process.on('disconnect', () => process.exit(0));
