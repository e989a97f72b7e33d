import type { RestAuth } from '../schema/server-config.ts';
import { caBundleFault } from './asset-checks.ts';
import { assetText } from './asset-text.ts';

export type SecretSource = { readonly type: string; readonly data: ReadonlyMap<string, Buffer> };

/** Secrets and ConfigMaps by name. */
export type AssetSources = {
  readonly secrets: ReadonlyMap<string, SecretSource>;
  readonly configMaps: ReadonlyMap<string, ReadonlyMap<string, Buffer>>;
};

/** A reference of the MediaServer itself does not resolve, so that nothing can be rendered. */
export class RenderError extends Error {
  readonly field: string;

  constructor(field: string, message: string) {
    super(`${field}: ${message}`);
    this.name = 'RenderError';
    this.field = field;
  }
}

/** A reference does not resolve, or its target cannot be used. The message for a condition never reveals content. */
export class UnusableAsset extends Error {}

const MAX_CA_BYTES = 64 * 1024;

/** Collects the assets of a config while it is rendered. */
export class Assets {
  readonly #sources: AssetSources;
  readonly #contents = new Map<string, Buffer>();

  constructor(sources: AssetSources) {
    this.#sources = sources;
  }

  contents(): ReadonlyMap<string, Buffer> {
    return this.#contents;
  }

  /** Throws `UnusableAsset`. */
  secretKey(secret: string, key: string, faultOf: (text: string) => string | null = () => null): string {
    const value = this.#secret(secret).data.get(key);
    if (value === undefined) throw new UnusableAsset(`Secret "${secret}" has no key "${key}"`);
    const text = assetText(value);
    if (text === '') throw new UnusableAsset(`key "${key}" of Secret "${secret}" is empty`);
    const fault = faultOf(text);
    if (fault !== null) throw new UnusableAsset(`key "${key}" of Secret "${secret}": ${fault}`);
    // The separator is unambiguous, because object names have no underscore.
    return this.#add(`secret.${secret}_${key}`, value);
  }

  /** All keys of a Secret, sorted. Throws `UnusableAsset`. */
  secretKeys(secret: string): string[] {
    const keys = [...this.#secret(secret).data.keys()].sort();
    if (keys.length === 0) throw new UnusableAsset(`Secret "${secret}" is empty`);
    return keys;
  }

  /** `ca.crt` of a ConfigMap. Throws `UnusableAsset`. */
  caBundle(configMap: string): string {
    const value = this.#sources.configMaps.get(configMap)?.get('ca.crt');
    if (!value) throw new UnusableAsset(`ConfigMap "${configMap}" with the key ca.crt not found`);
    if (value.length > MAX_CA_BYTES)
      throw new UnusableAsset(`ca.crt of ConfigMap "${configMap}" is larger than 64 KiB`);
    const fault = caBundleFault(value.toString('utf8'));
    if (fault !== null) throw new UnusableAsset(`ca.crt of ConfigMap "${configMap}": ${fault}`);
    return this.#add(`configmap.${configMap}.ca.crt`, value);
  }

  /** The certificate of the listener whose `certificateRef` is `field`. */
  certificate(secret: string, field: string): { certificate: string; key: string } {
    return this.#ofMediaServer(field, () => ({
      certificate: this.secretKey(secret, 'tls.crt'),
      key: this.secretKey(secret, 'tls.key'),
    }));
  }

  restAuth(secret: string): RestAuth {
    return this.#ofMediaServer('spec.rest.authRef', () => {
      if (this.#secret(secret).type === 'kubernetes.io/basic-auth') {
        return {
          type: 'basic',
          username: this.secretKey(secret, 'username'),
          password: this.secretKey(secret, 'password'),
        };
      }
      const keys = this.secretKeys(secret);
      // Without this check the username would be a valid token.
      if (keys.join() === 'password,username') {
        throw new UnusableAsset(
          `Secret "${secret}" has a username and a password, but not the type kubernetes.io/basic-auth`,
        );
      }
      const tokens = keys.map((name) => ({ name, token: this.secretKey(secret, name) }));
      return { type: 'tokens', tokens };
    });
  }

  #ofMediaServer<T>(field: string, read: () => T): T {
    try {
      return read();
    } catch (error) {
      if (error instanceof UnusableAsset) throw new RenderError(field, error.message);
      throw error;
    }
  }

  #secret(name: string): SecretSource {
    const secret = this.#sources.secrets.get(name);
    if (!secret) throw new UnusableAsset(`Secret "${name}" does not exist`);
    return secret;
  }

  #add(name: string, value: Buffer): string {
    this.#contents.set(name, value);
    return name;
  }
}
