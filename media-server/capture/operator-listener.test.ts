import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { FastifyInstance } from 'fastify';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { capturePush } from '../../crds/render/capture-order.ts';
import { type FleetKey, formatFleetKey } from '../../crds/render/fleet-key.ts';
import type { CapturePush, CaptureReport } from '../../crds/schema/capture-messages.ts';
import { CaptureClient } from '../../operator/pods/capture-client.ts';
import { captureOrder } from '../../test/builders/capture-stage.ts';
import { freePort } from '../../test/harness/ports.ts';
import { openOperatorListener } from './operator-listener.ts';

const OLD: FleetKey = { identity: 'capture-1', key: randomBytes(32) };
const NEW: FleetKey = { identity: 'capture-2', key: randomBytes(32) };

let folder: string;
let port: number;
let app: FastifyInstance;
let taken: CapturePush[];
let clients: CaptureClient[];

const keyFile = (): string => join(folder, 'capture.key');
const open = (): Promise<FastifyInstance> =>
  openOperatorListener({
    host: '127.0.0.1',
    port,
    keyFile: keyFile(),
    report: (): CaptureReport => ({ pod: 'live-capture-a', hash: taken.at(-1)?.hash ?? '', captures: [] }),
    take: (push) => taken.push(push),
  });

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sluice-operator-listener-'));
  await writeFile(keyFile(), formatFleetKey(OLD));
  port = await freePort();
  taken = [];
  clients = [];
  app = await open();
});
afterEach(async () => {
  await Promise.all(clients.map((client) => client.close()));
  await app.close();
  await rm(folder, { recursive: true });
});

/** The operator, with a key. */
function operator(key = OLD): CaptureClient {
  const client = new CaptureClient(key);
  clients.push(client);
  return client;
}
const pod = () => ({ address: '127.0.0.1', internalPort: port });

describe('the listener for the operator', () => {
  it('takes over what is pushed, and reports', async () => {
    const push = capturePush({
      mediaPods: [{ pod: 'live-0', address: '10.0.0.1', port: 9091 }],
      captures: [captureOrder()],
    });
    expect(await operator().report(pod())).toEqual({ pod: 'live-capture-a', hash: '', captures: [] });
    expect(await operator().push(pod(), push)).toEqual({ pod: 'live-capture-a', hash: push.hash, captures: [] });
    expect(taken).toEqual([push]);
  });

  it('takes the captures of a large fleet', async () => {
    const source = { ...captureOrder().source, url: `rtsp://camera.example.com/${'x'.repeat(2_000)}` };
    const captures = Array.from({ length: 1_000 }, (_, index) => captureOrder({ uid: `u${index}`, source }));
    await operator().push(pod(), capturePush({ mediaPods: [], captures }));
    expect(taken[0]?.captures).toHaveLength(1_000);
  });

  it('names the field of a push that is not valid, and takes nothing of it', async () => {
    const push = { ...capturePush({ mediaPods: [], captures: [captureOrder({ epoch: -1 })] }) };
    await expect(operator().push(pod(), push)).rejects.toThrow('body.captures[0].epoch: must be');
    expect(taken).toEqual([]);
  });

  it('answers nobody without its key, and knows a new one at once', async () => {
    await expect(operator(NEW).report(pod())).rejects.toThrow();
    await expect(operator({ ...OLD, key: NEW.key }).report(pod())).rejects.toThrow();
    await writeFile(keyFile(), formatFleetKey(NEW));
    expect((await operator(NEW).report(pod())).pod).toBe('live-capture-a');
    await expect(operator(OLD).report(pod())).rejects.toThrow();
  });

  it('names the option of a port that is in use', async () => {
    await expect(open()).rejects.toThrow(`--internal-port: cannot listen on 127.0.0.1:${port}: the port is in use`);
  });
});
