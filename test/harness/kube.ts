import { isIP } from 'node:net';
import { delimiter } from 'node:path';
import { Agent, fetch as undiciFetch } from 'undici';
import { stringify } from 'yaml';
import { run } from '../cluster/commands.ts';
import type { Target } from '../cluster/target.ts';
import type { Fetch } from './rtc-client.ts';
import { until } from './wait.ts';

// biome-ignore lint/suspicious/noExplicitAny: objects of the API, as kubectl prints them
export type Json = any;

export const SYSTEM = 'sluice-system';
const RESTRICTED = 'pod-security.kubernetes.io/enforce=restricted';

export type KubectlOptions = {
  readonly input?: string;
  readonly timeoutMs?: number;
  /** A folder with plugins. */
  readonly path?: string;
};

/** Runs kubectl and Helm against the cluster of a test, as a user does. */
export class Kube {
  readonly target: Target;
  /** Environment variables that select the cluster. */
  readonly env: Readonly<Record<string, string>>;
  readonly #stop: { readonly signal?: AbortSignal };

  /** `signal` kills the running command and prevents further ones. */
  constructor(target: Target, signal?: AbortSignal) {
    this.target = target;
    this.env = target.kubeconfig === '' ? {} : { KUBECONFIG: target.kubeconfig };
    this.#stop = signal ? { signal } : {};
  }

  kubectl(args: readonly string[], { path, ...options }: KubectlOptions = {}): Promise<string> {
    const env = path === undefined ? this.env : { ...this.env, PATH: `${path}${delimiter}${process.env['PATH']}` };
    return run('kubectl', args, { env, ...this.#stop, ...options });
  }

  helm(args: readonly string[]): Promise<string> {
    return run('helm', args, { env: this.env, ...this.#stop, timeoutMs: 240_000 });
  }

  async get(namespace: string, ...what: string[]): Promise<Json> {
    return JSON.parse(await this.kubectl(['-n', namespace, 'get', ...what, '-o', 'json']));
  }

  /** Applies objects, or YAML text from the docs. */
  async apply(namespace: string, ...objects: readonly (object | string)[]): Promise<string> {
    const input = objects.map((object) => (typeof object === 'string' ? object : stringify(object))).join('\n---\n');
    return this.kubectl(['-n', namespace, 'apply', '-f', '-'], { input });
  }

  /** Creates a namespace with the restricted pod security standard. Waits until an old one with this name is gone. */
  async namespace(name: string): Promise<void> {
    const phase = ['get', 'namespace', name, '--ignore-not-found', '-o', 'jsonpath={.status.phase}'];
    if ((await this.kubectl(phase)) === 'Terminating') {
      await this.kubectl(['wait', 'namespace', name, '--for=delete', '--timeout=90s'], { timeoutMs: 100_000 });
    }
    await this.apply('default', { apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
    await this.kubectl(['label', '--overwrite', 'namespace', name, RESTRICTED]);
  }

  /** Deletes MediaServers, whose operator removes their finalizers, then the namespace. Does not wait. */
  async removeNamespace(name: string): Promise<void> {
    await this.kubectl(['-n', name, 'delete', 'mediaservers', '--all', '--wait=false', '--ignore-not-found']);
    await this.kubectl(['delete', 'namespace', name, '--ignore-not-found', '--wait=false']);
  }

  /** Waits until a condition has a status, and optionally a reason, for the current generation. Returns it. */
  async condition(namespace: string, what: string, type: string, status: string, reason?: string): Promise<Json> {
    let last = 'nothing';
    return until(
      `condition ${type}=${status} ${reason ?? ''} of ${what}`,
      async () => {
        const object = await this.get(namespace, what).catch(() => null);
        const found = object?.status?.conditions?.find((each: Json) => each.type === type);
        last = JSON.stringify(found ?? null);
        // An older condition does not reflect the current spec.
        const isCurrent = found?.observedGeneration === object?.metadata.generation;
        return isCurrent && found?.status === status && (reason ?? found.reason) === found.reason ? found : null;
      },
      { timeoutMs: 60_000, everyMs: 200 },
    ).catch((error: unknown) => {
      throw new Error(`${(error as Error).message}; it is ${last}`, { cause: error });
    });
  }

  /** Returns the running pods of a MediaServer. */
  async pods(namespace: string, mediaServer: string): Promise<Json[]> {
    const labels = `app.kubernetes.io/name=sluice-media-server,app.kubernetes.io/instance=${mediaServer}`;
    const { items } = await this.get(namespace, 'pods', '-l', labels);
    return items;
  }

  /** Installs or upgrades the chart with this image. */
  async install(...values: readonly string[]): Promise<void> {
    const [repository = '', tag = ''] = splitImage(this.target.image);
    const image = ['--set', `image.repository=${repository}`, '--set', `image.tag=${tag}`];
    const where = ['--namespace', SYSTEM, '--create-namespace', '--wait', '--timeout', '3m'];
    await this.helm(['upgrade', '--install', 'sluice', 'charts/sluice', ...where, ...image, ...values]);
  }
}

export function splitImage(image: string): [string, string] {
  const at = image.lastIndexOf(':');
  return [image.slice(0, at), image.slice(at + 1)];
}

/** A `fetch` that sends every request to one address, as if DNS resolved every host to the ingress. */
export function fetchThrough(address: string): { fetch: Fetch; close: () => Promise<void> } {
  const agent = new Agent({
    headersTimeout: 15_000,
    connect: {
      rejectUnauthorized: false,
      lookup: (_host, _options, callback) => callback(null, [{ address, family: isIP(address) }]),
    },
  });
  return { fetch: (url, init) => undiciFetch(url, { ...init, dispatcher: agent }), close: () => agent.destroy() };
}
