import { selfSigned } from '../harness/certificate.ts';
import { RtcClient } from '../harness/rtc-client.ts';

/** Messages between the parent and a process of players. */
export type StartPlayers = { readonly url: string; readonly count: number; readonly concurrency: number };
export type PlayersTold =
  | { readonly kind: 'started'; readonly postMs: readonly number[]; readonly failed: number; readonly ms: number }
  /** Unix milliseconds with fractions, from the clock that all processes of a machine share. */
  | { readonly kind: 'ended'; readonly at: number };

const clients: RtcClient[] = [];
const certificate = selfSigned('client');
const now = (): number => performance.timeOrigin + performance.now();
const tell = (message: PlayersTold): void => void process.send?.(message);

async function startPlayers({ concurrency, count, url }: StartPlayers): Promise<void> {
  const postMs: number[] = [];
  let failed = 0;
  let next = 0;
  const startedAt = performance.now();
  const startSome = async (): Promise<void> => {
    while (next < count) {
      next += 1;
      const client = await RtcClient.play(url, { certificate });
      clients.push(client);
      postMs.push(client.postMs);
      if (client.status !== 201) failed += 1;
      else await client.connected();
      void client.untilEnded().then(() => tell({ kind: 'ended', at: now() }));
    }
  };
  await Promise.all(Array.from({ length: concurrency }, startSome));
  tell({ kind: 'started', postMs, failed, ms: performance.now() - startedAt });
}

process.on('message', (message) => void startPlayers(message as StartPlayers));
process.on('disconnect', () => process.exit(0));
