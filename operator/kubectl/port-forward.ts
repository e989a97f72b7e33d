import { Failure } from './failure.ts';
import { cannotStart, type Kubectl } from './kubectl.ts';
import { explain } from './kubectl-errors.ts';

const START_MS = 15_000;

/** A port of a pod that is reachable on this machine. */
export type PortForward = { readonly url: string; stop(): void };

/** Starts `kubectl port-forward` on a free local port, and waits until it listens. */
export async function forward(kubectl: Kubectl, pod: string, port: number): Promise<PortForward> {
  const child = kubectl.start(['port-forward', `pod/${pod}`, `:${port}`]);
  const stop = (): void => {
    process.off('exit', stop);
    child.kill();
    // A wrapper of kubectl may leave a process that keeps the pipes open.
    child.stdout?.destroy();
    child.stderr?.destroy();
    child.unref();
  };
  process.once('exit', stop);
  let said = '';
  let faults = '';
  try {
    const url = await new Promise<string>((resolve, reject) => {
      const fail = (why: string): void => reject(new Failure(`pod ${pod} cannot be reached: ${why}`));
      const late = setTimeout(() => fail('kubectl port-forward did not start in 15 s'), START_MS);
      child.stdout?.on('data', (data) => {
        said += data;
        const local = localUrl(said);
        if (local !== null) resolve(local);
      });
      child.stderr?.on('data', (data) => {
        faults += data;
      });
      child.once('error', (error) => reject(new Failure(cannotStart('kubectl', error), { cause: error })));
      child.once('close', () => fail(explain(faults)));
      child.once('close', () => clearTimeout(late));
    });
    return { url, stop };
  } catch (error) {
    stop();
    throw error;
  }
}

/** From `Forwarding from 127.0.0.1:41235 -> 8081`, or `[::1]:41235`. Null = it has not been said yet. */
export function localUrl(said: string): string | null {
  const address = /^Forwarding from (127\.0\.0\.1:\d+|\[::1\]:\d+) -> /m.exec(said)?.[1];
  return address === undefined ? null : `http://${address}`;
}
