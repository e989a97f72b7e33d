import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type OddKicks, startOddKicks } from '../clients/odd-kicks.ts';
import { TestServer } from '../harness/media-server.ts';
import { startProcess } from '../harness/processes.ts';
import { RtcClient } from '../harness/rtc-client.ts';

/** Runs the benchmark. The result has its exit code, its output, and the cells of each row of the table. */
async function kick(...args: string[]) {
  const { exited, lines } = startProcess(process.execPath, ['test/bench/kick/main.ts', ...args]);
  const code = await exited;
  const headings = lines.find((line) => line.startsWith('round'))?.split(/\s{2,}/) ?? [];
  const rows = lines
    .filter((line) => /^(\d+|all) {2}/.test(line))
    .map((line) => Object.fromEntries(line.split(/\s{2,}/).map((cell, index) => [headings[index] ?? '', cell])));
  return { code, text: lines.join('\n'), rows };
}

/** The milliseconds of a cell. */
const msOf = (cell: string | undefined): number => Number(/^([\d.]+) ms$/.exec(cell ?? '')?.[1] ?? Number.NaN);

describe('the kick benchmark', () => {
  let server: TestServer;
  let odd: OddKicks;
  beforeAll(async () => {
    server = await TestServer.start();
    odd = await startOddKicks(server);
  });
  afterAll(async () => {
    odd?.close();
    await server?.stop();
  });

  const small = ['--players', '20', '--rounds', '1'];
  const urls = () => [
    '--publish',
    `${server.url}/whip/defaultApp/kick`,
    '--play',
    `${server.url}/whep/defaultApp/kick`,
  ];
  const terminate = () => `POST ${server.url}/rest-api/stream/terminate`;
  const kickAll = () => ['--kick', terminate(), '--body', '{"name":"kick","published":false}'];

  it('starts a media server, kicks by one call, and counts every client in each round', async () => {
    const { code, rows, text } = await kick('--players', '20', '--rounds', '2');
    expect(code, text).toBe(0);
    expect(text).toContain('20 players of a media server of Sluice, ended by one call');
    expect(rows.map(({ round }) => round)).toEqual(['1', '2', 'all']);
    for (const row of rows) {
      expect(row).toMatchObject({ 'in 1 s': '20', 'not told': '0', lost: '0.0 %' });
      expect(msOf(row['p50'])).toBeGreaterThan(0);
      expect(msOf(row['p50'])).toBeLessThanOrEqual(msOf(row['p99']));
      expect(msOf(row['max'])).toBeLessThan(1_000);
    }
  });

  it('kicks by one call at the URLs of a server', async () => {
    const { code, rows, text } = await kick(...small, ...urls(), ...kickAll());
    expect(code, text).toBe(0);
    expect(rows.at(-1), text).toMatchObject({ 'in 1 s': '20', 'not told': '0' });
  });

  it('kicks listed sessions one by one, and leaves the publication and players of others alone', async () => {
    const publisher = await RtcClient.publish(`${server.url}/whip/defaultApp/listed`);
    await publisher.connected();
    const play = `${server.url}/whep/defaultApp/listed`;
    const other = await RtcClient.play(play);
    await other.connected();
    const list = ['--list', `${server.url}/rest-api/stream/find_all`, '--ids', 'mediaSessionId'];
    const each = ['--kick', terminate(), '--body', '{"mediaSessionId":"{id}"}'];
    const { code, rows, text } = await kick(...small, '--play', play, ...list, '--where', 'published=false', ...each);
    expect(code, text).toBe(0);
    expect(text).toContain('ended by one call for each session');
    expect(rows.at(-1), text).toMatchObject({ 'in 1 s': '20', 'not told': '0' });
    expect([publisher.state, other.state]).toEqual(['connected', 'connected']);
    other.close();
    publisher.close();
  });

  it('tells all although a fifth of the datagrams is lost', { timeout: 100_000 }, async () => {
    const { code, rows, text } = await kick(...small, ...urls(), ...kickAll(), '--loss', '20%');
    expect(code, text).toBe(0);
    expect(rows.at(-1), text).toMatchObject({ 'not told': '0' });
    // A client loses all eight alerts in one of 20,000 runs.
    expect(Number(rows.at(-1)?.['in 1 s'])).toBeGreaterThanOrEqual(19);
    const lost = Number.parseFloat(rows.at(-1)?.['lost'] ?? '');
    expect(lost).toBeGreaterThan(5);
    expect(lost).toBeLessThan(40);
  });

  it('loses everything if told so, and reports clients of which none is told', async () => {
    const { code, rows, text } = await kick(...small, ...urls(), ...kickAll(), '--loss', '100%', '--timeout', '2s');
    expect(code, text).toBe(1);
    expect(rows.at(-1), text).toMatchObject({
      p50: 'never',
      max: 'never',
      'in 1 s': '0',
      'not told': '20',
      lost: '100.0 %',
    });
  });

  it('reports clients that a server does not end', async () => {
    const { code, rows, text } = await kick(...small, ...urls(), '--kick', `${odd.url}/nothing`, '--timeout', '1s');
    expect(code, text).toBe(1);
    expect(rows.at(-1), text).toMatchObject({ p50: 'never', p99: 'never', 'in 1 s': '0', 'not told': '20' });
    expect(text).toContain('20 clients were not told within 1 s');
    await server.terminate({});
  });

  it('reports the rest if a server ends only some', async () => {
    const { code, rows, text } = await kick(...small, ...urls(), '--kick', `${odd.url}/half`, '--timeout', '1s');
    expect(code, text).toBe(1);
    expect(rows.at(-1), text).toMatchObject({ p99: 'never', 'in 1 s': '10', 'not told': '10' });
    expect(msOf(rows.at(-1)?.['p50'])).toBeLessThan(1_000);
    await server.terminate({});
  });

  it('is an error if players end before the kick', async () => {
    const list = ['--list', `POST ${odd.url}/half`, '--ids', 'items.id', '--kick', `${odd.url}/nothing/{id}`];
    const { code, text } = await kick(...small, ...urls(), ...list, '--timeout', '1s');
    expect(code, text).toBe(1);
    expect(text).toContain('--play: 10 of 20 players ended before the kick');
    await server.terminate({});
  });

  it.each<[string, () => string[], string]>([
    ['a refused publication', () => ['--publish', `${server.url}/whip/noApp/x`], '--publish: POST'],
    ['an unreachable server', () => ['--publish', 'http://127.0.0.1:59999/whip'], 'ECONNREFUSED'],
    ['a wrong kick URL', () => ['--kick', `${server.url}/rest-api/stream/kick`], '--kick: POST'],
    ['a kick that matches nothing', () => ['--body', '{"name":"other"}'], 'answered 404'],
    [
      'a list without ids',
      () => ['--kick', `${server.url}/{id}`, '--list', `${server.url}/rest-api/stream/find_all`, '--ids', 'key'],
      '--ids key: an entry of the list has no',
    ],
    [
      'a list with too few sessions',
      () => ['--kick', `${server.url}/{id}`, '--list', `${server.url}/rest-api/app/find_all`, '--ids', 'x.id'],
      '--list: lists 0 sessions of 2 players',
    ],
    [
      'a list with sessions of others that have begun meanwhile',
      () => ['--kick', `${server.url}/{id}`, '--list', `${odd.url}/more`, '--ids', 'id'],
      '--list: 1 sessions of others have begun meanwhile, and would be kicked; try --where',
    ],
    [
      'a page that is not WHEP',
      () => ['--play', `${odd.url}/page`],
      '/page: the answer is 200 text/html; charset=utf-8',
    ],
    [
      'an address of another machine',
      () => ['--media-address', '192.0.2.1'],
      '--media-address: 192.0.2.1 is not an address of this machine',
    ],
    [
      'a list that is no JSON',
      () => ['--kick', `${server.url}/{id}`, '--list', `${server.url}/play`, '--ids', 'id'],
      'not JSON',
    ],
  ])('ends with an error for %s', async (_what, args, message) => {
    const startedAt = performance.now();
    const { code, rows, text } = await kick('--players', '2', '--rounds', '1', ...urls(), ...kickAll(), ...args());
    expect(text).toContain(message);
    expect(text).not.toContain('    at ');
    expect({ code, rows }).toEqual({ code: 1, rows: [] });
    // A server that will never play is not asked again and again.
    expect(performance.now() - startedAt).toBeLessThan(10_000);
  });
});
