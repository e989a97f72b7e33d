import type { Kube } from '../harness/kube.ts';
import { startProcess } from '../harness/processes.ts';
import { until } from '../harness/wait.ts';
import type { Demo } from './demo.ts';

/** `kubectl port-forward` for as long as the demo runs; gives the URL on this machine. */
export async function forward(demo: Demo, kube: Kube, namespace: string, to: string): Promise<string> {
  const [what = '', port = ''] = to.split(':');
  demo.signal.throwIfAborted();
  const args = ['--namespace', namespace, 'port-forward', what, `:${port}`];
  const running = startProcess('kubectl', args, { env: kube.env });
  demo.removes(`the way to ${to}`, () => running.stop());
  const local = await until(`a port of this machine leads to ${to}`, () => {
    if (running.child.exitCode !== null) throw new Error(`kubectl port-forward ${to}: ${running.lines.join('; ')}`);
    return /127\.0\.0\.1:(\d+)/.exec(running.lines.join('\n'))?.[1];
  });
  return `http://127.0.0.1:${local}`;
}
