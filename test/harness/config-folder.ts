import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ServerConfig } from '../../crds/schema/server-config.ts';
import { type Loaded, loadConfig } from '../../media-server/config/load.ts';

export const SERVER = `apiVersion: sluice.dev/v1alpha1
kind: MediaServer
metadata: {name: live}
spec: {keepAlive: {enabled: true}}
`;
export const APP = `apiVersion: sluice.dev/v1alpha1
kind: StreamApp
metadata: {name: default}
spec: {appKey: defaultApp, mediaServerRef: {name: live}}
`;

/** A folder with resources for `--resources`. */
export class ConfigFolder {
  readonly path: string;

  private constructor(path: string) {
    this.path = path;
  }

  static async make(): Promise<ConfigFolder> {
    return new ConfigFolder(await mkdtemp(join(tmpdir(), 'sluice-config-')));
  }

  write(name: string, text: string): Promise<void> {
    return writeFile(join(this.path, name), text);
  }

  load(name: string | null = null): Promise<Loaded> {
    return loadConfig({ source: { kind: 'resources', dir: this.path }, name });
  }

  /** Writes these resources as the only file and returns their config. */
  async config(text = `${SERVER}---\n${APP}`): Promise<ServerConfig> {
    await this.write('all.yaml', text);
    return (await this.load()).bundle.config;
  }

  async remove(): Promise<void> {
    await rm(this.path, { recursive: true, force: true });
  }
}
