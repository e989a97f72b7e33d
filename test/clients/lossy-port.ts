import { execFileSync } from 'node:child_process';

/** Loses a share of the datagrams to a UDP port of this machine, at random, with a table of nftables. Needs root. */
export class LossyPort {
  readonly #table: string;

  /** `percent` is a whole number. */
  constructor(port: number, percent: number) {
    this.#table = `sluice_loss_${port}`;
    const chain = ['inet', this.#table, 'input'];
    nft('add', 'table', 'inet', this.#table);
    nft('add', 'chain', ...chain, '{ type filter hook input priority 0 ; }');
    nft('add', 'rule', ...chain, `udp dport ${port} numgen random mod 100 < ${percent} counter drop`);
  }

  /** How many datagrams were lost. */
  get lost(): number {
    return Number(/counter packets (\d+)/.exec(nft('list', 'table', 'inet', this.#table))?.[1]);
  }

  stop(): void {
    nft('delete', 'table', 'inet', this.#table);
  }
}

const nft = (...args: string[]): string => execFileSync('nft', args, { encoding: 'utf8' });
