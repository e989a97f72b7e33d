import { isIP } from 'node:net';
import type { ServerCandidate } from './answer.ts';

/**
 * Candidates with another address of the server than the announced ones, each port once. Sockets of the other family do
 * not have that address; if there are no others, the candidates stay as they are.
 */
export function candidatesAt(address: string, candidates: readonly ServerCandidate[]): readonly ServerCandidate[] {
  // The sockets of both families announce a host name.
  const fitting = candidates.filter((each) => [0, isIP(address)].includes(isIP(each.address)));
  if (fitting.length === 0) return candidates;
  const ports = new Map(fitting.map((each) => [`${each.protocol} ${each.port}`, { ...each, address }]));
  return [...ports.values()];
}
