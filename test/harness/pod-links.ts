import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { isIPv6 } from 'node:net';
import type { Json } from './kube.ts';

/**
 * Drops what a pod of the embedded cluster sends to another one and gets from it, in the network namespace of its
 * process, which this machine sees. Returns a function that heals the link.
 */
export function cutLink(pod: Json, other: Json): () => void {
  const pid = processOf(pod);
  const rules = other.status.podIPs.flatMap(({ ip }: { ip: string }) => {
    const program = isIPv6(ip) ? 'ip6tables' : 'iptables';
    return [
      [program, ['INPUT', '-s', ip, '-j', 'DROP']],
      [program, ['OUTPUT', '-d', ip, '-j', 'DROP']],
    ];
  });
  const change = (action: '-I' | '-D'): void => {
    for (const [program, rule] of rules) {
      execFileSync('nsenter', ['-t', String(pid), '-n', program, action, ...rule], { stdio: 'pipe' });
    }
  };
  change('-I');
  return () => change('-D');
}

/** The process of a container that knows the name of its pod. */
function processOf({ metadata }: Json): number {
  const found = readdirSync('/proc').find((entry) => /^\d+$/.test(entry) && isOf(metadata.name, entry));
  if (found === undefined) throw new Error(`pod ${metadata.name} has no process on this machine`);
  return Number(found);
}

function isOf(pod: string, pid: string): boolean {
  try {
    return readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0').includes(`POD_NAME=${pod}`);
  } catch {
    return false;
  }
}
