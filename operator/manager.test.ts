import type { ServerResponse } from 'node:http';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../process/clock.ts';
import { captureObject } from '../test/builders/captures.ts';
import { logLines } from '../test/builders/log-lines.ts';
import { type LoopbackApi, loopbackApi } from '../test/builders/loopback-api.ts';
import { mediaServerObject, restHookObject, streamAppObject } from '../test/builders/sluice-objects.ts';
import { until } from '../test/harness/wait.ts';
import { readConfig } from './config.ts';
import { Manager } from './manager.ts';
import { OperatorMetrics } from './metrics.ts';

const OBJECTS: Readonly<Record<string, object>> = {
  mediaservers: mediaServerObject(),
  streamapps: streamAppObject('news'),
  resthooks: restHookObject('backend'),
  streamcaptures: captureObject('gate'),
};

/** Answers like an API server with one object of each of our kinds and silent watches. */
function answer(method: string, url: string, response: ServerResponse): void {
  const [, plural = '', query = ''] = /([a-z]+)(\?.*)?$/.exec(url) ?? [];
  if (query.includes('watch=true')) {
    response.flushHeaders();
    return;
  }
  const isThere = method !== 'GET' || query.includes('limit=');
  const items = [OBJECTS[plural]].filter((each) => each !== undefined);
  response.writeHead(isThere ? 200 : 404).end(JSON.stringify({ metadata: { resourceVersion: '1' }, items }));
}

describe('Manager', () => {
  let api: LoopbackApi;
  let written: Set<string>;
  let manager: Manager;

  beforeEach(async () => {
    written = new Set();
    api = await loopbackApi(({ method = '', url = '' }, response) => {
      if (method !== 'GET') written.add(url.replace(/\?.*/, ''));
      answer(method, url, response);
    });
    const config = readConfig(['--image', 'registry.example/sluice:1'], {});
    const deps = { config, client: api.client, metrics: new OperatorMetrics(), clock: systemClock };
    manager = new Manager({ ...deps, log: logLines().log });
    await manager.watch();
  });

  afterEach(async () => {
    await manager.stop();
    await api.close();
  });

  it('has full stores and no queued work before it leads', () => {
    expect([manager.synced, manager.depths()]).toEqual([
      true,
      { mediaserver: 0, streamapp: 0, resthook: 0, streamtermination: 0, streamcapture: 0, capturepods: 0 },
    ]);
    expect([...written]).toEqual([]);
  });

  it('reconciles every object when it starts to lead', async () => {
    await manager.lead();
    const ours = '/apis/sluice.dev/v1alpha1/namespaces/media';
    const statuses = ['mediaservers/live', 'streamapps/news', 'resthooks/backend', 'streamcaptures/gate'].map(
      (each) => `${ours}/${each}/status`,
    );
    await until('each has a status', () => statuses.every((each) => written.has(each)));
  });
});
