import { execFileSync } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Goal, Report } from '../figures.ts';
import { onInterrupt } from '../interrupts.ts';
import { percentile, spread } from '../statistics.ts';
import { framesLost } from './frames-seen.ts';
import type { Site } from './site.ts';

const PLAYED = 4;
const PERCENT = 3;
const MEASURE_MS = 20_000;
/** "Back" are the requests of the media server to repeat what was lost. */
type Ways = 'there' | 'there and back';

/** Loses datagrams between the capture program and the media server. */
export async function measureLoss(report: Report, site: Site): Promise<void> {
  const captures = site.captures(PLAYED);
  await site.renew(captures);
  for (const { name } of captures) await site.watchers.play(name, site.whep(name));
  await lose(report, site, 'there');
  await lose(report, site, 'there and back');
  await site.watchers.leave();
}

async function lose(report: Report, site: Site, ways: Ways): Promise<void> {
  const path = new LossyLoopback(site.mediaPort, ways);
  try {
    await sleep(1_000);
    await site.watchers.begin();
    await sleep(MEASURE_MS);
    const [watched, dropped] = [await site.watchers.seen(), path.dropped];
    const missing = watched.reduce((sum, each) => sum + each.missing, 0);
    const broken = watched.reduce((sum, each) => sum + framesLost(each, MEASURE_MS), 0);
    const delays = watched.flatMap(({ frames }) => frames.map(({ receivedAt, sentAt }) => receivedAt - sentAt));
    report(
      `${PERCENT} % loss from capture program to media server, ${ways}: broken frames`,
      `${broken}, and ${delays.length} seen; ${dropped} datagrams lost, ${missing} never repaired`,
      { measured: broken, atMost: 0, unit: '' },
    );
    const goal: Goal = { measured: percentile(delays, 0.99), atMost: 60, unit: 'ms, p99' };
    report('… a frame sent by its camera until a player has it', spread(delays), ways === 'there' ? goal : null);
  } finally {
    path.close();
  }
}

/** Drops datagrams at random from clients at 127.0.0.1 to the port of a media server, or in both directions. Players are at another address. */
class LossyLoopback {
  readonly #table = `sluice_bench_${randomInt(1_000, 9_999)}`;
  readonly #forget: () => void;

  constructor(port: number, ways: Ways) {
    const drop = `numgen random mod 100 < ${PERCENT} counter drop`;
    nft(`table ip ${this.#table} {
      chain input {
        type filter hook input priority 0;
        iifname "lo" ip saddr 127.0.0.1 udp dport ${port} ${drop}
        ${ways === 'there' ? '' : `iifname "lo" ip daddr 127.0.0.1 udp sport ${port} ${drop}`}
      }
    }`);
    this.#forget = onInterrupt(() => this.#remove());
  }

  get dropped(): number {
    const rules = execFileSync('nft', ['list', 'table', 'ip', this.#table], { encoding: 'utf8' });
    return [...rules.matchAll(/counter packets (\d+)/g)].reduce((total, [, packets]) => total + Number(packets), 0);
  }

  close(): void {
    this.#forget();
    this.#remove();
  }

  #remove(): void {
    nft(`delete table ip ${this.#table}`);
  }
}

const nft = (rules: string): void =>
  void execFileSync('nft', ['-f', '-'], { input: rules, stdio: ['pipe', 'pipe', 'inherit'] });
