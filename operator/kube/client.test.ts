import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type LoopbackApi, loopbackApi } from '../../test/builders/loopback-api.ts';
import { NotLeaderError } from './api-error.ts';

describe('a write', () => {
  let api: LoopbackApi;
  let asked: (string | undefined)[];
  let writeForMs: number;

  beforeEach(async () => {
    asked = [];
    // The server accepts every request and never responds.
    api = await loopbackApi(
      ({ method }) => void asked.push(method),
      () => writeForMs,
    );
  });
  afterEach(() => api.close());

  it('is aborted when another replica may lead', async () => {
    writeForMs = 1_000;
    await expect(api.client.call('PATCH', '/api')).rejects.toMatchObject({ name: 'ApiError', status: 0 });
    expect(asked).toEqual(['PATCH']);
  });

  it('is not started when another replica may lead', async () => {
    writeForMs = 0;
    await expect(api.client.call('PATCH', '/api')).rejects.toThrow(NotLeaderError);
    expect(asked).toEqual([]);
  });
});

describe('an object that a call writes', () => {
  it('is managed by the operator unless the caller names another manager', async () => {
    const urls: (string | undefined)[] = [];
    const api = await loopbackApi(({ url }, response) => {
      urls.push(url);
      response.end('{}');
    });
    for (const method of ['POST', 'PUT', 'PATCH'] as const) await api.client.call(method, '/api', { body: {} });
    await api.client.call('PATCH', '/api', { body: {}, query: { fieldManager: 'other', force: 'true' } });
    for (const method of ['GET', 'DELETE'] as const) await api.client.call(method, '/api');
    await api.close();
    const ours = '/api?fieldManager=sluice-operator';
    expect(urls).toEqual([ours, ours, ours, '/api?fieldManager=other&force=true', '/api', '/api']);
  });
});
