import type { Kube } from '../harness/kube.ts';
import { startProcess } from '../harness/processes.ts';
import { until } from '../harness/wait.ts';
import type { Demo } from './demo.ts';

/** Runs `kubectl port-forward` until the demo ends. Returns the local URL. */
export async function forward(demo: Demo, kube: Kube, namespace: string, to: string): Promise<string> {
  const [what = '', port = ''] = to.split(':');
  demo.signal.throwIfAborted();
  const args = ['--namespace', namespace, 'port-forward', what, `:${port}`];
  const running = startProcess('kubectl', args, { env: kube.env });
  demo.removes(`the port-forward to ${to}`, () => running.stop());
  const local = await until(`kubectl port-forward to ${to} is ready`, () => {
    if (running.child.exitCode !== null) throw new Error(`kubectl port-forward ${to}: ${running.lines.join('; ')}`);
    return /127\.0\.0\.1:(\d+)/.exec(running.lines.join('\n'))?.[1];
  });
  return `http://127.0.0.1:${local}`;
}
