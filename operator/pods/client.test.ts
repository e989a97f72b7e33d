import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { INTERNAL_TLS } from '../../process/fleet-client.ts';
import { fleetKey, podApp, podHook, podStatus } from '../../test/builders/fleet-parts.ts';
import { PodClient } from './client.ts';
import type { Pod } from './pod.ts';

const KEY = fleetKey('fleet-1');

describe('PodClient', () => {
  let server: Server;
  let client: PodClient;
  let pod: Pick<Pod, 'address' | 'internalPort'>;
  let answer: string;

  beforeEach(async () => {
    server = createServer({ ...INTERNAL_TLS, pskCallback: () => KEY.key } as object, (_request, response) => {
      response.end(answer);
    });
    await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
    client = new PodClient(KEY);
    pod = { address: '127.0.0.1', internalPort: (server.address() as AddressInfo).port };
  });

  afterEach(async () => {
    await client.close();
    server.close();
  });

  it('returns the report of a pod', async () => {
    const apps = [podApp('a', { checked: false, reason: 'NoHook' }), podApp('b', { checked: true })];
    const said = podStatus({ apps, hooks: [podHook('backend', { lastSuccessAt: 1 })] });
    answer = JSON.stringify({ ...said, fieldOfALaterVersion: 1 });
    expect(await client.status(pod)).toMatchObject(said);
  });

  // A user who may create a MediaServer may give it any image.
  it.each<[string, string, RegExp]>([
    ['nothing', '', /JSON/],
    ['null', 'null', /^answer: /],
    ['no status', '{}', /^answer\.pod.*: is missing/],
    [
      'an invalid time',
      JSON.stringify(podStatus({ hooks: [podHook('backend', { lastFailureAt: 1e300 })] })),
      /^answer\.hooks\[0\]\.lastFailureAt: /,
    ],
    [
      'a reason that is too long',
      JSON.stringify(podStatus({ apps: [podApp('a', { checked: false, reason: 'x'.repeat(5_000) })] })),
      /^answer\.apps\[0\]\.keepAlive\.reason: /,
    ],
    ['a body that is too large', JSON.stringify(podStatus({ pod: 'x'.repeat(9 << 20) })), /max/i],
  ])('treats a pod that answers %s as unreachable', async (_what, text, message) => {
    answer = text;
    await expect(client.status(pod)).rejects.toThrow(message);
  });
});
