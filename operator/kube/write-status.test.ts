import { describe, expect, it } from 'vitest';
import { RecordedCalls } from '../../test/builders/recorded-calls.ts';
import { type KubeObject, TYPES } from './objects.ts';
import { writeStatus } from './write-status.ts';

const live = (status?: object): KubeObject => ({
  apiVersion: 'sluice.dev/v1alpha1',
  kind: 'MediaServer',
  metadata: { name: 'live', namespace: 'media' },
  ...(status ? { status } : {}),
});

describe('writeStatus', () => {
  it.each<[string, object | undefined]>([
    ['there is no status', undefined],
    ['a field differs', { apps: 1, playbacks: 3 }],
    ['a field is missing', { playbacks: 3 }],
    ['a field must be removed', { apps: 2, endpoints: { https: 'https://old' } }],
  ])('writes only the given fields when %s', async (_what, status) => {
    const client = new RecordedCalls();
    const wanted = { apps: 2, endpoints: { https: null } };
    expect(await writeStatus(client, TYPES.MediaServer, live(status), wanted)).toBe(true);
    expect(client.calls).toEqual([
      {
        method: 'PATCH',
        path: '/apis/sluice.dev/v1alpha1/namespaces/media/mediaservers/live/status',
        contentType: 'application/merge-patch+json',
        body: { status: wanted },
      },
    ]);
  });

  it('writes nothing if the fields already match, including absent ones', async () => {
    const client = new RecordedCalls();
    const status = { apps: 2, playbacks: 3, endpoints: { http: 'http://live' } };
    const wanted = { apps: 2, endpoints: { http: 'http://live', https: null } };
    expect(await writeStatus(client, TYPES.MediaServer, live(status), wanted)).toBe(false);
    expect(client.calls).toEqual([]);
  });

  it('writes if a condition was removed or added', async () => {
    const client = new RecordedCalls();
    const [a, b] = [{ type: 'A' }, { type: 'B' }];
    for (const conditions of [[a], [a, b, a]]) {
      expect(await writeStatus(client, TYPES.MediaServer, live({ conditions }), { conditions: [a, b] })).toBe(true);
    }
  });
});
