import { inject } from 'vitest';
import { type Connection, connect, KubeClient } from '../../operator/kube/client.ts';
import { pathOf, type ResourceType } from '../../operator/kube/objects.ts';
import { ApiProxy } from './api-proxy.ts';
import { Kube } from './kube.ts';

/** The real API server of the test cluster, reached directly or through proxies that fail on demand. */
export class Api {
  readonly kube: Kube;
  readonly connection: Connection;
  readonly client: KubeClient;
  readonly #closes: (() => Promise<unknown>)[] = [];

  private constructor(kube: Kube, connection: Connection) {
    this.kube = kube;
    this.connection = connection;
    this.client = this.#clientOf(connection);
  }

  static async open(): Promise<Api> {
    const target = inject('target');
    if (target.kubeconfig !== '') process.env['KUBECONFIG'] = target.kubeconfig;
    return new Api(new Kube({ ...target, release: async () => undefined }), await connect());
  }

  /** A proxy and a client that goes through it. `writeForMs` is asked before each write. */
  async through(writeForMs: () => number = () => Infinity): Promise<{ proxy: ApiProxy; client: KubeClient }> {
    const proxy = await ApiProxy.start(this.connection);
    this.#closes.push(() => proxy.close());
    return { proxy, client: this.#clientOf(proxy.connection(), writeForMs) };
  }

  create(type: ResourceType, namespace: string, object: object, query: Record<string, string> = {}): Promise<unknown> {
    const { apiVersion, kind } = type;
    return this.client.call('POST', pathOf(type, namespace), { body: { apiVersion, kind, ...object }, query });
  }

  /** Sends a merge patch. */
  patch(type: ResourceType, namespace: string, name: string, body: object): Promise<unknown> {
    const contentType = 'application/merge-patch+json';
    return this.client.call('PATCH', pathOf(type, namespace, name), { contentType, body });
  }

  async close(): Promise<void> {
    for (const close of this.#closes.splice(0).reverse()) await close();
  }

  #clientOf(connection: Connection, writeForMs: () => number = () => Infinity): KubeClient {
    const client = new KubeClient(connection, { writeForMs, onRequest: () => undefined });
    this.#closes.push(() => client.close());
    return client;
  }
}
