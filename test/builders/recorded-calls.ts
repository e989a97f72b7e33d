import { ApiError } from '../../operator/kube/api-error.ts';
import type { Caller, CallOptions, Method } from '../../operator/kube/client.ts';
import { type KubeObject, pathOf, type ResourceType } from '../../operator/kube/objects.ts';

type Fields = Readonly<Record<string, unknown>>;

export type Recorded = { readonly method: Method; readonly path: string } & CallOptions;

/** A fake API server that records calls. It has the objects it was given, and refuses calls on demand. */
export class RecordedCalls implements Caller {
  readonly calls: Recorded[] = [];
  /** The calls that were not refused. */
  readonly accepted: Recorded[] = [];
  readonly #objects = new Map<string, KubeObject>();
  readonly #refusals = new Map<string, Error>();

  have(type: ResourceType, object: KubeObject): void {
    const { name, namespace = null } = object.metadata;
    this.#objects.set(pathOf(type, namespace, name), object);
  }

  lose(type: ResourceType, namespace: string, name: string): void {
    this.#objects.delete(pathOf(type, namespace, name));
  }

  /** Makes every call to this path fail, or only calls with this method. */
  refuse(path: string, error: Error, method: Method | '*' = '*'): void {
    this.#refusals.set(`${method} ${path}`, error);
  }

  async call<T>(method: Method, path: string, options: CallOptions = {}): Promise<T> {
    const call = { method, path, ...options };
    this.calls.push(call);
    const refusal = this.#refusals.get(`${method} ${path}`) ?? this.#refusals.get(`* ${path}`);
    if (refusal) throw refusal;
    const answer = method === 'GET' ? this.#objects.get(path) : this.#written(path, options);
    if (answer === undefined) throw new ApiError(`${method} ${path}: 404`, { status: 404, reason: 'NotFound' });
    this.accepted.push(call);
    return answer as T;
  }

  /** An apply returns the whole object with a new generation and its previous status, a merge patch the whole object. */
  #written(path: string, { body = {}, contentType }: CallOptions): unknown {
    if (contentType === 'application/merge-patch+json') return this.#merged(path, body as Fields);
    if (contentType !== 'application/apply-patch+yaml') return body;
    const known = this.#objects.get(path);
    const { metadata, ...applied } = body as KubeObject;
    const generation = (known?.metadata.generation ?? 0) + 1;
    return { ...applied, metadata: { ...metadata, generation }, status: known?.['status'] };
  }

  /** The object after a merge patch, one level deep. */
  #merged(path: string, patch: Fields): unknown {
    const known: Fields = this.#objects.get(path.replace(/\/status$/, '')) ?? {};
    const fields = Object.entries(patch).map(([name, value]) => [
      name,
      { ...(known[name] as Fields), ...(value as Fields) },
    ]);
    return { ...known, ...Object.fromEntries(fields) };
  }

  /** The writes since the last call, including refused ones, as `METHOD path`. */
  takeWrites(): string[] {
    const writes = this.calls.filter(({ method }) => method !== 'GET').map(({ method, path }) => `${method} ${path}`);
    this.calls.length = 0;
    this.accepted.length = 0;
    return writes;
  }
}
