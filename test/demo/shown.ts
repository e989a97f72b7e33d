import type { Kube } from '../harness/kube.ts';

/** Runs kubectl as a user does, and shows the command with what it printed. */
export async function shown(kube: Kube, ...args: string[]): Promise<void> {
  show(`$ kubectl ${args.join(' ')}`);
  show(await kube.kubectl(args));
}

/** Text of a terminal, set apart from what the demo says. */
export function show(text: string): void {
  console.log(text.trimEnd().replace(/^/gm, '    | '));
}
