import type { StreamFilter } from '../../crds/schema/stream-filter.ts';
import { authorizationOf, secretOf } from './credentials.ts';
import { Failure } from './failure.ts';
import type { Kubectl } from './kubectl.ts';
import { type EndedStream, type LiveStream, type MediaServer, type Pod, SERVER_LABEL, type Secret } from './objects.ts';
import { choosePods, portOf } from './pod-choice.ts';
import { forward, type PortForward } from './port-forward.ts';
import { type Listed, readList } from './stream-lists.ts';

const TIMEOUT_MS = 15_000;
const PROBE_MS = 3_000;

/** The REST API of one pod, which answers for all pods of its MediaServer. */
export class RestApi {
  readonly #forward: PortForward;
  readonly #headers: Readonly<Record<string, string>>;

  private constructor(forward: PortForward, authorization: string | null) {
    this.#forward = forward;
    this.#headers = {
      'content-type': 'application/json',
      ...(authorization === null ? {} : { authorization }),
    };
  }

  /** Reaches a pod through `kubectl port-forward`; the next one if the first does not answer. */
  static async open(kubectl: Kubectl, server: MediaServer): Promise<RestApi> {
    const { name } = server.metadata;
    const authorization = await readAuthorization(kubectl, server);
    const pods = await kubectl.list<Pod>('pods', `--selector=${SERVER_LABEL}=${name}`);
    let failure: unknown;
    for (const pod of choosePods(pods, name)) {
      try {
        return await RestApi.#reach(await forward(kubectl, pod.metadata.name, portOf(pod, server)), authorization);
      } catch (error) {
        if (!(error instanceof Failure)) throw error;
        failure = error;
      }
    }
    throw failure;
  }

  /** Any answer will do: the calls themselves tell what is wrong. */
  static async #reach(forward: PortForward, authorization: string | null): Promise<RestApi> {
    const api = new RestApi(forward, authorization);
    try {
      await api.#fetch('', { method: 'HEAD' }, PROBE_MS);
      return api;
    } catch (error) {
      api.close();
      throw error;
    }
  }

  close(): void {
    this.#forward.stop();
  }

  find(filter: StreamFilter): Promise<Listed<LiveStream>> {
    return this.#list<LiveStream>('stream/find', { method: 'POST', body: JSON.stringify(filter) });
  }

  ended(): Promise<Listed<EndedStream>> {
    return this.#list<EndedStream>('stream/ended', { method: 'GET' });
  }

  async #list<T>(path: string, init: { method: string; body?: string }): Promise<Listed<T>> {
    const response = await this.#fetch(path, init);
    const body: unknown = await response.json().catch(() => null);
    return readList<T>(response.status, response.headers.get('sluice-incomplete'), body);
  }

  async #fetch(path: string, init: { method: string; body?: string }, timeoutMs = TIMEOUT_MS): Promise<Response> {
    const url = `${this.#forward.url}/rest-api/${path}`;
    try {
      return await fetch(url, { ...init, headers: this.#headers, signal: AbortSignal.timeout(timeoutMs) });
    } catch (error) {
      throw new Failure(`the pod does not answer: ${reasonOf(error)}`, { cause: error });
    }
  }
}

/** The cause has the error of the socket; the message of `fetch` says only that it failed. */
function reasonOf(error: unknown): string {
  const { cause, message } = error as Error & { cause?: { message?: string } };
  return cause?.message || message;
}

async function readAuthorization(kubectl: Kubectl, server: MediaServer): Promise<string | null> {
  const name = secretOf(server);
  if (name === null) return null;
  const secret = await kubectl.get<Secret>('secret', name);
  if (secret) return authorizationOf(secret, name);
  throw new Failure(`spec.rest.authRef of the MediaServer names Secret "${name}", which does not exist. Create it`);
}
