import { connect, type Socket } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { WebSdkClient } from '../clients/websdk-client.ts';
import { playOverSocket, publishOverSocket, type SocketStream } from '../clients/websdk-media.ts';
import { selfSigned } from '../harness/certificate.ts';
import { Inspected } from '../harness/inspected.ts';
import { TestServer } from '../harness/media-server.ts';
import { freePort } from '../harness/ports.ts';
import { SlowProxy } from '../harness/slow-proxy.ts';
import { until } from '../harness/wait.ts';
import { type StreamingPage, WebSdkPages } from '../harness/websdk-pages.ts';

const SILENT = 1_000;
/** Of sockets of one client that have said nothing: a sixteenth of all. */
const LIMIT = SILENT + 10;
const certificate = selfSigned('client');

let server: TestServer;
let inspected: Inspected;

beforeAll(async () => {
  const port = await freePort();
  server = await TestServer.start({
    mediaServer: { webSdk: { pingInterval: '1s', missedPings: 3 }, limits: { connections: 16 * LIMIT } },
    env: { NODE_OPTIONS: `--inspect=127.0.0.1:${port}` },
  });
  inspected = await Inspected.connect(port);
});
afterAll(async () => {
  inspected?.close();
  await server?.stop();
});

const closes = (reason: string): Promise<number> => server.metric('sluice_websdk_closes_total', { reason });

async function leavesNothing(): Promise<void> {
  const counts = ['sluice_sessions', 'sluice_streams', 'sluice_worker_transports'];
  const left = async () => Promise.all(counts.map((name) => server.metric(name)));
  await until('nothing is left', async () => (await left()).every((n) => n === 0), { timeoutMs: 40_000 });
}
afterEach(leavesNothing, 60_000);

/** Timers and connections of the server's process. */
async function resources(): Promise<{ timers: number; connections: number }> {
  const names = (await inspected.evaluate('process.getActiveResourcesInfo()')) as string[];
  const count = (name: string): number => names.filter((each) => each === name).length;
  return { timers: count('Timeout'), connections: count('TCPSocketWrap') };
}

/** Runs a number of tasks, so many at a time. */
async function inTurn(count: number, concurrency: number, run: (index: number) => Promise<void>): Promise<void> {
  let next = 0;
  const runSome = async (): Promise<void> => {
    while (next < count) await run(next++);
  };
  await Promise.all(Array.from({ length: concurrency }, runSome));
}

/** The request of an upgrade, as text. */
const upgrade = (protocol: string, more = ''): string =>
  `GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: ${protocol}\r\n${more}\r\n`;
const KEY = 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n';

/** A page that knows the protocol is served: milliseconds until it has its answers. */
async function served(): Promise<number> {
  const startedAt = performance.now();
  const client = await WebSdkClient.connect(server.socketUrl);
  client.send('availableStream', { mediaSessionId: 'a', name: 'a' });
  expect(await client.answer('availableStream')).toMatchObject([{ id: 'a', status: 'false' }]);
  client.close();
  return performance.now() - startedAt;
}

describe('a thousand sockets that say nothing', () => {
  it('are bounded, keep nobody waiting, and are closed after ten seconds', async () => {
    const closed = { silent: await closes('silent'), limit: await closes('silent_limit') };
    const before = { heap: await inspected.usedHeap(), ...(await resources()) };
    const silent: WebSdkClient[] = [];
    await inTurn(SILENT, 25, async () => void silent.push(await WebSdkClient.open(server.socketUrl)));
    expect(await served()).toBeLessThan(2_000);
    expect((await server.api('/stream/find_all')).status).toBe(404);
    expect(((await inspected.usedHeap()) - before.heap) / SILENT).toBeLessThan(20 * 1024);

    await inTurn(LIMIT - SILENT, 1, async () => void silent.push(await WebSdkClient.open(server.socketUrl)));
    await expect(WebSdkClient.open(server.socketUrl)).rejects.toThrow('is not opened');
    expect((await closes('silent_limit')) - closed.limit).toBe(1);

    const codes = await Promise.all(silent.map((client) => client.untilClosed(15_000)));
    expect(new Set(codes)).toEqual(new Set([1008]));
    expect((await closes('silent')) - closed.silent).toBe(LIMIT);
    await until('nothing of them is left', async () => {
      const { connections, timers } = await resources();
      return connections <= before.connections + 5 && timers <= before.timers + 5;
    });
    expect(await served()).toBeLessThan(2_000);
  });
});

describe('a flood', () => {
  it.each([
    ['small messages', '{"message":"ping","data":[null]}', 1_000],
    ['what a page may not send', '{"message":"nothing","data":[{"a":[[[[[[]]]]]]}]}', 1_000],
    ['large messages', `{"message":"sendData","data":["${'x'.repeat(250_000)}"]}`, 8],
  ])('of %s closes its sockets, and keeps nobody waiting', async (_what, text, count) => {
    const before = await closes('rate');
    const sockets: WebSdkClient[] = [];
    for (let index = 0; index < 20; index++) sockets.push(await WebSdkClient.connect(server.socketUrl));
    for (const socket of sockets) for (let sent = 0; sent < count; sent++) socket.sendText(text);
    const [tookMs, ...codes] = await Promise.all([served(), ...sockets.map((socket) => socket.untilClosed())]);
    expect(new Set(codes)).toEqual(new Set([1008]));
    expect(tookMs).toBeLessThan(3_000);
    expect((await closes('rate')) - before).toBe(sockets.length);
  });
});

describe('half of a frame', () => {
  it('is not kept for clients that have not said who they are', async () => {
    const before = await closes('too_large');
    const sockets = await Promise.all(Array.from({ length: 20 }, sendsHalf));
    await until('they are closed', async () => (await closes('too_large')) === before + sockets.length, {
      // Before they are closed for their silence.
      timeoutMs: 5_000,
    });
    expect(await served()).toBeLessThan(2_000);
    for (const socket of sockets) socket.destroy();
  });

  /** Opens a WebSocket, and sends 100 KiB of a text frame of 256 KiB with an empty mask. */
  function sendsHalf(): Promise<Socket> {
    const header = Buffer.from([0x81, 0xff, 0, 0, 0, 0, 0, 4, 0, 0, 0, 0, 0, 0]);
    return new Promise((resolve, reject) => {
      const socket = connect(Number(new URL(server.socketUrl).port), '127.0.0.1');
      socket.on('error', reject);
      socket.write(upgrade('websocket', `${KEY}Sec-WebSocket-Version: 13\r\n`));
      socket.once('data', () => socket.write(Buffer.concat([header, Buffer.alloc(102_400)]), () => resolve(socket)));
    });
  }
});

describe('a page that does not read', () => {
  it('is not waited for, and is cut when it answers no pings', async () => {
    const before = { heap: await inspected.usedHeap(), noPong: await closes('no_pong') };
    const proxy = await SlowProxy.start(Number(new URL(server.socketUrl).port), 0);
    const publisher = await publishOverSocket(server.socketUrl, 'slow');
    await publisher.media.connected();
    const reader = await playOverSocket(server.socketUrl, 'slow');
    const other = await playOverSocket(`ws://127.0.0.1:${proxy.port}`, 'slow');
    await Promise.all([reader.page.status(reader.id, 'PLAYING'), other.page.status(other.id, 'PLAYING')]);
    proxy.stall();
    const payload = { text: 'x'.repeat(15_000) };
    const events = 40;
    for (let sent = 0; sent < events; sent++) {
      publisher.page.send('sendStreamEvent', { mediaSessionId: publisher.id, type: 'data', payload });
    }
    const got = (): number => reader.page.got.filter(([name]) => name === 'notifyStreamEvent').length;
    await until('the other viewer has all events', () => got() === events);
    await until('it is cut', async () => (await closes('no_pong')) === before.noPong + 1);
    await until('its stream has ended', async () => (await server.streams()).length === 2);
    expect((await inspected.usedHeap()) - before.heap).toBeLessThan(4 * 2 ** 20);
    expect(publisher.page.closed).toBeNull();
    for (const { media, page } of [publisher, reader, other]) {
      media.close();
      page.close();
    }
    proxy.stop();
  });
});

describe('foreign upgrades', () => {
  const ROWS: readonly (readonly [string, string])[] = [
    [upgrade('h2c'), '426'],
    [upgrade('websocket'), '400'],
    [upgrade('websocket', 'Sec-WebSocket-Key: x\r\nSec-WebSocket-Version: 13\r\n'), '400'],
    [upgrade('websocket', `${KEY}Sec-WebSocket-Version: 7\r\n`), '400'],
    [`${upgrade('h2c')}${'\0'.repeat(10_000)}`, '426'],
    [upgrade('websocket', `${KEY}Sec-WebSocket-Version: 13\r\nOrigin: https://evil.example\r\n`), '101'],
  ];

  it('leave no connection behind, whether they are answered or break off', async () => {
    const before = await resources();
    await inTurn(200, 20, async (index) => {
      const [bytes, status] = ROWS[index % ROWS.length] ?? ['', ''];
      const isWhole = index % 7 !== 0;
      const line = await firstLine(isWhole ? bytes : bytes.slice(0, 40));
      expect(line).toMatch(isWhole ? ` ${status} ` : /^$| 400 /);
    });
    await until('they are gone', async () => (await resources()).connections <= before.connections + 5);
    expect(await served()).toBeLessThan(2_000);
  });

  /** Writes bytes and no more; returns the first line of the answer. */
  function firstLine(bytes: string): Promise<string> {
    return new Promise((resolve) => {
      const socket = connect(Number(new URL(server.socketUrl).port), '127.0.0.1', () => socket.end(bytes));
      let text = '';
      socket.on('data', (chunk) => {
        text += chunk;
        // The server would wait for the frames of a socket that it has opened.
        if (text.includes(' 101 ')) socket.destroy();
      });
      socket.on('error', () => undefined);
      socket.on('close', () => resolve(text.split('\r\n')[0] ?? ''));
    });
  }
});

describe('pages that come and go', () => {
  const WARM = 50;
  const CYCLES = 500;

  /** Connects, publishes, plays, and leaves in one of three ways. */
  async function cycle(index: number): Promise<void> {
    const name = `cycle-${index}`;
    const publisher = await publishOverSocket(server.socketUrl, name, { certificate });
    await publisher.media.connected();
    const player = await playOverSocket(server.socketUrl, name, { certificate });
    await player.media.connected();
    await LEAVING[index % LEAVING.length]?.(publisher, player);
    for (const { media, page } of [publisher, player]) {
      media.close();
      page.close();
    }
  }
  const LEAVING: readonly ((publisher: SocketStream, player: SocketStream) => Promise<unknown>)[] = [
    // The sockets close with live streams.
    async () => undefined,
    // The pages stop their streams.
    async (publisher, player) => {
      player.page.send('stopStream', { mediaSessionId: player.id });
      publisher.page.send('unPublishStream', { mediaSessionId: publisher.id });
      await publisher.page.status(publisher.id, 'UNPUBLISHED');
    },
    // The publication is lost first.
    async (publisher, player) => {
      publisher.page.close();
      await player.page.status(player.id, 'FAILED');
    },
  ];

  it(`leave nothing after ${CYCLES} times of publishing and playing`, { timeout: 240_000 }, async () => {
    await inTurn(WARM, 10, cycle);
    await leavesNothing();
    const before = { heap: await inspected.usedHeap(), ...(await resources()) };
    await inTurn(CYCLES, 10, cycle);
    await leavesNothing();
    const after = { heap: await inspected.usedHeap(), ...(await resources()) };
    expect(after.connections).toBeLessThanOrEqual(before.connections + 5);
    expect(after.timers).toBeLessThanOrEqual(before.timers + 5);
    // It moves by one. A session that stays takes 6 KiB, and there were a thousand.
    expect((after.heap - before.heap) / 2 ** 20).toBeLessThan(3);
  });

  it('leave nothing after 20 reloads while they publish and play', { timeout: 240_000 }, async () => {
    const pages = await WebSdkPages.start('2.0.276');
    try {
      const publisher = await pages.streaming(server.socketUrl, 'reloaded');
      const player = await pages.player(server.socketUrl, 'reloaded');
      for (let reload = 0; reload < 20; reload++) {
        // Half of the pages are reloaded before they have an answer.
        if (reload % 2 === 0) await publisher.press();
        else await publisher.publish();
        if (reload % 4 === 1) await player.play();
        else await player.press();
        await reloaded(publisher, player.page);
      }
      await publisher.publish();
      expect((await server.streams()).map(({ name, status }) => [name, status])).toEqual([['reloaded', 'PUBLISHING']]);
    } finally {
      await pages.stop();
    }
  });

  /** Reloads both pages, and fills in their fields again. */
  async function reloaded(publisher: StreamingPage, player: StreamingPage['page']): Promise<void> {
    await Promise.all([publisher.page.reload(), player.reload()]);
    await player.locator('#url').fill(server.socketUrl);
    await player.locator('#streamName').fill('reloaded');
    await publisher.page.locator('#urlServer').fill(server.socketUrl);
    await publisher.page.locator('#streamName').fill('reloaded');
    await publisher.connect();
  }
});
