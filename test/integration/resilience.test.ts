import { readFile } from 'node:fs/promises';
import { afterEach, describe, expect, it } from 'vitest';
import type { TestServer } from '../harness/media-server.ts';
import { RtcClient } from '../harness/rtc-client.ts';
import { Stage } from '../harness/stage.ts';
import { until } from '../harness/wait.ts';

const stage = new Stage();

afterEach(() => stage.clear());

const logged = (server: TestServer, text: string) => server.log.some(({ msg }) => msg === text);

describe('a backend that is down', () => {
  it('costs no stream, and all are checked again within one interval after it is back', async () => {
    const { backend, server } = await stage.setUp();
    await stage.publish(server, 'a');
    await stage.publish(server, 'b');
    await stage.play(server, 'a');
    await backend.waitFor('StreamKeepAliveEvent');
    await backend.close();
    const failed = () => server.metric('sluice_keepalive_checks_total', { result: 'failed' });
    await until('every stream has failed three checks', async () => (await failed()) >= 9, { timeoutMs: 20_000 });
    expect(await server.streams()).toHaveLength(3);

    backend.calls.length = 0;
    await backend.listen();
    const backAt = performance.now();
    await until('all three are checked', () => {
      const checked = backend.of('StreamKeepAliveEvent').map(({ body }) => body['mediaSessionId']);
      return new Set(checked).size === 3;
    });
    // One interval of 1 s and some time for a slow machine.
    expect(performance.now() - backAt).toBeLessThan(4_000);
    expect(await server.metric('sluice_stream_ends_total')).toBe(0);
  });

  it('ends streams after failureThreshold failures when that is asked for', async () => {
    const { backend, server } = await stage.setUp({
      restHook: { methods: [{ name: 'StreamKeepAliveEvent', failureThreshold: 2 }] },
    });
    backend.answer = ({ method }) => (method === 'StreamKeepAliveEvent' ? 500 : 200);
    await stage.publish(server, 'a');
    await until('the stream has ended', async () => (await server.streams()).length === 0);
    expect(await server.metric('sluice_stream_ends_total', { cause: 'keepalive_failure' })).toBe(1);
    expect(backend.of('StreamKeepAliveEvent')).toHaveLength(2);
  });
});

describe('a mediasoup worker that is killed', () => {
  it('ends its streams only, and is back within 2 s', async () => {
    const { backend, server } = await stage.setUp({ mediaServer: { workers: 2 } });
    await stage.publish(server, 'a');
    await stage.publish(server, 'b');
    await until(
      'both are live',
      async () => (await server.streams()).filter((s) => s['status'] === 'PUBLISHING').length === 2,
    );
    const workers = await childrenOf(server.process.child.pid ?? 0);
    expect(workers).toHaveLength(2);
    const [victim = 0] = workers;
    process.kill(victim, 'SIGKILL');
    const killedAt = performance.now();
    const event = await backend.waitFor('StreamStatusEvent', ({ body }) => body['status'] === 'FAILED');
    expect(event.body['info']).toBe('Failed by worker death');
    await until('the worker is back', () => logged(server, 'the mediasoup worker is back'));
    expect(performance.now() - killedAt).toBeLessThan(2_000);
    expect(await server.streams()).toHaveLength(1);
    expect(await server.metric('sluice_worker_deaths_total')).toBe(1);
    await stage.publish(server, 'c');
    await stage.publish(server, 'd');
    expect(await server.streams()).toHaveLength(3);
  });
});

describe('a mediasoup worker that is killed with a publication and its playbacks', () => {
  it('ends all of them with worker_died', async () => {
    const { server } = await stage.setUp();
    await stage.publish(server, 'a');
    await stage.play(server, 'a');
    await stage.play(server, 'a');
    const [worker = 0] = await childrenOf(server.process.child.pid ?? 0);
    process.kill(worker, 'SIGKILL');
    await until('all have ended', async () => (await server.streams()).length === 0);
    const { body } = await server.api('/stream/ended');
    const ended = (body as { published: boolean; cause: string }[]).map(({ cause, published }) => [published, cause]);
    expect(ended.sort()).toEqual([
      [false, 'worker_died'],
      [false, 'worker_died'],
      [true, 'worker_died'],
    ]);
  });
});

describe('a resource file that is edited while streams are live', () => {
  it('applies interval, hook URL and apps without touching a stream', async () => {
    const { backend, server } = await stage.setUp({ keepAliveInterval: '5m' });
    const publisher = await stage.publish(server, 'a');
    expect(await server.metric('sluice_keepalive_subject_streams')).toBe(1);
    await server.edit((text) => text.replace('5m', '1s'));
    await backend.waitFor('StreamKeepAliveEvent');

    const other = await stage.backend();
    await server.edit((text) => text.replace(backend.url, other.url));
    await other.waitFor('StreamKeepAliveEvent');

    await server.edit((text) => text.replace(/^ {2}appKey: defaultApp$/m, '  appKey: renamedApp'));
    await until('the old app takes no new stream', async () => {
      const late = await stage.client(server, 'publish', 'late');
      return late.status === 404;
    });
    other.calls.length = 0;
    // Its streams continue and are still checked with the last valid hook.
    await other.waitFor('StreamKeepAliveEvent', ({ body }) => body['name'] === 'a');
    expect(publisher.state).toBe('connected');
    other.refuseKeepAlive(() => true);
    await publisher.ended();
  });

  it('refuses an invalid edit with file and field, and keeps the old config', async () => {
    const { backend, server } = await stage.setUp();
    const publisher = await stage.publish(server, 'a');
    await server.edit((text) => text.replace('appKey:', 'apKey:'));
    const refusal = await until('the refusal is logged', () =>
      server.log.find(({ msg }) => msg === 'the new config is refused; the old one keeps running'),
    );
    expect(refusal['reason']).toContain('resources.yaml');
    expect(refusal['reason']).toContain('spec.apKey: unknown field');
    expect(await server.metric('sluice_config_last_reload_successful')).toBe(0);
    backend.calls.length = 0;
    await backend.waitFor('StreamKeepAliveEvent');
    expect(publisher.state).toBe('connected');
    await server.edit((text) => text.replace('apKey:', 'appKey:'));
    await until(
      'the mended config runs',
      async () => (await server.metric('sluice_config_last_reload_successful')) === 1,
    );
  });
});

describe('SIGTERM', () => {
  it('drains: no new publication; live ones are played and checked until the timeout, then they end', async () => {
    const { backend, server } = await stage.setUp({ mediaServer: { drain: { timeout: '3s' } } });
    const publisher = await stage.publish(server, 'a');
    server.process.child.kill('SIGTERM');
    await until('it is not ready', async () => (await fetch(`${server.opsUrl}/readyz`)).status === 503);
    const late = await stage.client(server, 'publish', 'late');
    expect(late.status).toBe(503);
    await stage.play(server, 'a');
    backend.calls.length = 0;
    await backend.waitFor('StreamKeepAliveEvent');
    expect(publisher.state).toBe('connected');
    expect(await server.process.exited).toBe(0);
    const ends = backend.of('StreamStatusEvent').filter(({ body }) => body['status'] !== 'PLAYING');
    expect(ends.map(({ body }) => [body['published'], body['status'], body['info']]).sort()).toEqual([
      [false, 'FAILED', 'Stopped by drain'],
      [true, 'FAILED', 'Stopped by drain'],
    ]);
    expect(backend.of('ConnectionStatusEvent').at(-1)?.body).toMatchObject({ status: 'DISCONNECTED' });
  });

  it('exits at once when no stream is live', async () => {
    const { server } = await stage.setUp();
    server.process.child.kill('SIGTERM');
    expect(await server.process.exited).toBe(0);
  });
});

describe('Ctrl-C', () => {
  it('ends streams with the media server, and no worker dies of it', async () => {
    const { backend, server } = await stage.setUp({ ownGroup: true });
    const publisher = await stage.publish(server, 'a');
    // A terminal sends the signal to the whole process group.
    process.kill(-(server.process.child.pid ?? 0), 'SIGINT');
    expect(await server.process.exited).toBe(0);
    await publisher.ended();
    const ends = backend.of('StreamStatusEvent').filter(({ body }) => body['status'] === 'FAILED');
    expect(ends.map(({ body }) => body['info'])).toEqual(['Stopped by drain']);
    expect(server.log.filter(({ msg }) => /mediasoup (worker|reports)/.test(String(msg)))).toEqual([]);
  });
});

describe('500 cycles of publish, play and terminate', () => {
  it('leave no transport, stream, check or handle behind', async () => {
    const { server } = await stage.setUp({ keepAliveInterval: '1s' });
    const cycle = async (name: string): Promise<void> => {
      const publisher = await RtcClient.publish(`${server.url}/whip/defaultApp/${name}`);
      await publisher.connected();
      const player = await RtcClient.play(`${server.url}/whep/defaultApp/${name}`);
      await server.terminate({ name });
      publisher.close();
      player.close();
    };
    await Promise.all(['w1', 'w2'].map(cycle));
    const handles = await server.metric('nodejs_active_resources');
    for (let round = 0; round < 100; round++) {
      await Promise.all(Array.from({ length: 5 }, (_, index) => cycle(`s${round}-${index}`)));
    }
    expect(await server.streams()).toEqual([]);
    for (const name of ['sluice_worker_transports', 'sluice_sessions', 'sluice_keepalive_subject_streams']) {
      expect({ [name]: await server.metric(name) }).toEqual({ [name]: 0 });
    }
    await until(
      'no more handles than before',
      async () => (await server.metric('nodejs_active_resources')) <= handles + 5,
    );
  }, 240_000);
});

async function childrenOf(pid: number): Promise<number[]> {
  const text = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8');
  return text.trim().split(' ').map(Number);
}
