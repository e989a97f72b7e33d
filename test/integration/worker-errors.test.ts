import { afterAll, beforeAll, expect, it } from 'vitest';
import { TestServer } from '../harness/media-server.ts';
import { type RunningProcess, startProcess } from '../harness/processes.ts';
import { until } from '../harness/wait.ts';

const SLOW = { timeoutMs: 40_000 };
const ERRORS = 'sluice_worker_errors_total';

let server: TestServer;
const clients: RunningProcess[] = [];

beforeAll(async () => {
  server = await TestServer.start({ logLevel: 'debug' });
});

afterAll(async () => {
  for (const client of clients) await client.stop('SIGKILL');
  await server?.stop();
});

async function aiortc(mode: 'publish' | 'play', url: string): Promise<void> {
  const python = process.env['SLUICE_PYTHON'] ?? 'python3';
  const client = startProcess(python, ['test/clients/aiortc_client.py', mode, url]);
  clients.push(client);
  await until('aiortc is connected', () => client.lines.includes('state connected'), SLOW);
}

it('errors that a viewer causes with each packet are counted, and logged once per session at debug level', async () => {
  await aiortc('publish', `${server.url}/whip/defaultApp/remb`);
  for (const viewers of [1, 2]) {
    const before = await server.metric(ERRORS, { part: 'bandwidth' });
    await aiortc('play', `${server.url}/whep/defaultApp/remb`);
    const enough = async () => (await server.metric(ERRORS, { part: 'bandwidth' })) >= before + 10;
    await until('the viewer has sent ten REMB', enough, SLOW);
    const told = server.log.filter(({ text }) => String(text).includes('Received REMB'));
    // If a session begins in between, the earlier one logs it again.
    expect(told.length).toBeGreaterThanOrEqual(viewers);
    expect(told.length).toBeLessThanOrEqual(viewers + 1);
    expect(told.every(({ level }) => level === 'debug')).toBe(true);
  }
  expect(server.log.filter(({ msg }) => msg === 'mediasoup reports an error')).toEqual([]);
  expect(await server.metric(ERRORS, { part: 'worker' })).toBe(0);
});
