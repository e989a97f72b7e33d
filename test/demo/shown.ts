import type { Kube } from '../harness/kube.ts';

/** Runs kubectl as a user does, and shows the command with its output. */
export async function shown(kube: Kube, ...args: string[]): Promise<void> {
  show(`$ kubectl ${args.join(' ')}`);
  show(await kube.kubectl(args));
}

/** Prints terminal text, indented to set it apart from the messages of the demo. */
export function show(text: string): void {
  console.log(text.trimEnd().replace(/^/gm, '    | '));
}
