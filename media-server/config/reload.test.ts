import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { hashOf } from '../../crds/render/hash.ts';
import type { ConfigBundle } from '../../crds/schema/server-config.ts';
import { createLogger } from '../../process/logger.ts';
import { UserFault } from '../../process/user-fault.ts';
import { APP, ConfigFolder, SERVER } from '../../test/harness/config-folder.ts';
import { until } from '../../test/harness/wait.ts';
import { BetweenStates, type Loaded } from './load.ts';
import { Reloader } from './reload.ts';

let folder: ConfigFolder;

beforeEach(async () => {
  folder = await ConfigFolder.make();
});

afterEach(() => folder.remove());

describe('Reloader', () => {
  it('applies a valid config, keeps the old one otherwise, and never runs twice at a time', async () => {
    await folder.config();
    const first = await folder.load();
    let current = first.bundle;
    const applied: string[] = [];
    let refused = 0;
    let unchanged = 0;
    let loads = 0;
    const reloader = new Reloader({
      log: createLogger('silent'),
      load: () => {
        loads += 1;
        return folder.load();
      },
      first,
      current: () => current,
      apply: (bundle) => {
        current = bundle;
        applied.push(hashOf(bundle));
      },
      refused: () => {
        refused += 1;
      },
      unchanged: () => {
        unchanged += 1;
      },
    });
    await folder.config(`${SERVER.replace('true', 'false')}---\n${APP}`);
    for (let index = 0; index < 5; index++) reloader.trigger();
    await until('it is applied', () => applied.length === 1);
    expect(current.config.keepAlive.enabled).toBe(false);
    await until('the second load is done', () => loads === 2);
    await folder.write('all.yaml', 'broken: [');
    reloader.trigger();
    await until('it is refused', () => refused === 1);
    expect(applied).toHaveLength(1);
    expect(current.config.keepAlive.enabled).toBe(false);

    // Mended, back to what runs: said so, and not applied again. So is a change that needs a restart.
    const before = unchanged;
    for (const workers of [1, 2]) {
      await folder.config(
        `${SERVER.replace('true', 'false').replace('{keepAlive', `{workers: ${workers}, keepAlive`)}---\n${APP}`,
      );
      reloader.trigger();
      await until('it is found unchanged', () => unchanged === before + workers);
    }
    expect(applied).toHaveLength(1);
    expect(current.config.workers).toBe(1);
  });
});

describe('the log of a Reloader', () => {
  it('reports what is left out even if nothing changes, which Secret is new, and when a fault is fixed', async () => {
    await folder.config();
    const first = await folder.load();
    let current = first.bundle;
    const said: Record<string, unknown>[] = [];
    let done = 0;
    const reloader = new Reloader({
      log: createLogger('info', { write: (line) => said.push(JSON.parse(line)) }),
      load: () => folder.load(),
      first,
      current: () => current,
      apply: (bundle) => {
        current = bundle;
        done += 1;
      },
      refused: () => {
        done += 1;
      },
      unchanged: () => {
        done += 1;
      },
    });
    const reload = async (name: string, text: string): Promise<unknown[]> => {
      said.length = 0;
      const before = done;
      await folder.write(name, text);
      reloader.trigger();
      await until('it is read', () => done > before);
      return said.map(({ msg, finding, changedFiles }) => finding ?? changedFiles ?? msg);
    };

    const second = APP.replace('default}', 'second}');
    const conflict = { kind: 'StreamApp', name: 'second', reason: 'Conflict' };
    expect(await reload('second.yaml', second)).toMatchObject([conflict]);
    expect(await reload('second.yaml', second)).toEqual([]);
    expect(await reload('second.yaml', 'broken: [')).toEqual(['the new config is refused; the old one keeps running']);
    expect(await reload('second.yaml', '')).toEqual(['the config is valid again and already running']);
    expect(await reload('second.yaml', '')).toEqual([]);

    const secret = `---\napiVersion: v1\nkind: Secret\nmetadata: {name: api}\nstringData: {ops: t0ken}\n`;
    const server = SERVER.replace('{keepAlive', '{rest: {authRef: {name: api}}, keepAlive');
    expect(await reload('all.yaml', `${server}${secret}---\n${APP}`)).toEqual([['secret.api_ops']]);
  });
});

describe('Reloader of a pod', () => {
  const bundleOf = (loaded: Loaded, publications: number): ConfigBundle => ({
    ...loaded.bundle,
    config: { ...loaded.bundle.config, limits: { publications, playbacks: 0 } },
  });
  const delivered = (bundle: ConfigBundle, counter: number): Loaded => ({
    bundle,
    findings: [],
    delivery: { counter, hash: hashOf(bundle) },
  });

  it('prefers the higher counter, pushed or read, and ignores files that are being updated', async () => {
    await folder.config();
    const standalone = await folder.load();
    const first = delivered(bundleOf(standalone, 1), 5);
    let current = first.bundle;
    let files: Loaded | BetweenStates = first;
    let successful = true;
    const reloader = new Reloader({
      log: createLogger('silent'),
      load: () => (files instanceof BetweenStates ? Promise.reject(files) : Promise.resolve(files)),
      first,
      current: () => current,
      apply: (bundle) => {
        if (bundle.config.limits.publications === 13) throw new UserFault('limits.publications: 13 brings bad luck');
        current = bundle;
        successful = true;
      },
      refused: () => {
        successful = false;
      },
      unchanged: () => {
        successful = true;
      },
    });
    const limit = (): number => current.config.limits.publications;
    const reload = async (loaded: Loaded): Promise<void> => {
      files = loaded;
      reloader.trigger();
      await new Promise((resolve) => setImmediate(resolve));
    };

    reloader.offer(delivered(bundleOf(standalone, 2), 7));
    expect(limit()).toBe(2);
    await reload(delivered(bundleOf(standalone, 3), 6));
    expect(limit()).toBe(2);
    await reload({ ...delivered(bundleOf(standalone, 4), 8), delivery: { counter: 8, hash: 'another' } });
    expect(limit()).toBe(2);
    await reload(delivered(bundleOf(standalone, 5), 8));
    expect([limit(), reloader.state.counter]).toEqual([5, 8]);

    files = new BetweenStates('an asset is missing');
    reloader.trigger();
    await new Promise((resolve) => setImmediate(resolve));
    expect([limit(), successful, reloader.state.refused]).toEqual([5, true, null]);

    const bad = delivered(bundleOf(standalone, 13), 9);
    reloader.offer(bad);
    expect(limit()).toBe(5);
    expect(reloader.state).toMatchObject({
      counter: 8,
      hash: hashOf(bundleOf(standalone, 5)),
      refused: { hash: hashOf(bad.bundle), reason: 'limits.publications: 13 brings bad luck' },
    });
    expect(successful).toBe(false);
    // What runs is read again, as when another file of the volume changes.
    await reload(delivered(bundleOf(standalone, 5), 8));
    expect(reloader.state.refused).toMatchObject({ hash: hashOf(bad.bundle) });
    expect(successful).toBe(false);
    reloader.offer(delivered(bundleOf(standalone, 6), 10));
    expect(reloader.state.refused).toBeNull();
    expect(successful).toBe(true);
  });
});
