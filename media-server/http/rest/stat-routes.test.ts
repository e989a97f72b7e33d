import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { publicApp, type TestApp } from '../../../test/builders/public-app.ts';
import { fakeSession } from '../../../test/builders/streams.ts';

let test: TestApp;

beforeEach(async () => {
  test = await publicApp();
});

afterEach(() => test.app.close());

describe('the statistics page', () => {
  const read = async () => (await test.app.inject('/?action=stat&format=json')).json();

  it('is text in dashed sections, JSON, or Prometheus', async () => {
    test.add();
    const text = (await test.app.inject('/?action=stat')).body;
    expect(text).toMatch(/^-----Connection Stats-----\nconnections=1\n/);
    expect(text).toContain('\n-----Stream Stats-----\nstreams_webrtc_in=1\nstreams_webrtc_out=0\n');
    expect(text).toMatch(/\nkeepalive_overdue_ms=0\n$/);
    expect((await read())['Stream Stats'].streams_webrtc_in).toBe(1);
    expect((await test.app.inject('/?action=stat&format=prometheus')).body).toBe('# metrics\n');
    expect((await test.app.inject('/?action=stat&format=xml')).statusCode).toBe(400);
    expect((await test.app.inject('/?action=stats')).json().detail).toBe('query.action: must be stat');
  });

  it('counts captured streams by where they come from', async () => {
    test.add();
    const captured = { uid: 'camera', epoch: 1, attempt: 1, generation: 1, afterTermination: 'Stay' } as const;
    for (const provider of ['RTSP', 'RTSP', 'RTMP'] as const)
      test.add({ session: fakeSession({ kind: 'capture', capture: { ...captured, provider } }) });
    const { streams_rtmp_in, streams_rtsp_in, streams_webrtc_in } = (await read())['Stream Stats'];
    expect({ streams_rtmp_in, streams_rtsp_in, streams_webrtc_in }).toEqual({
      ...{ streams_rtmp_in: 1, streams_rtsp_in: 2, streams_webrtc_in: 1 },
    });
  });

  it("has the groups and names that WCS's console reads, zero for protocols that do not exist here", async () => {
    test.add();
    test.add({ direction: 'play' });
    test.add({ direction: 'play' });
    test.sessions.add(fakeSession());
    const { 'System Stats': system, ...others } = await read();
    expect(others).toEqual({
      'Connection Stats': { connections: 4, connections_webrtc: 4, connections_websocket: 1 },
      'Stream Stats': {
        ...{ streams_webrtc_in: 1, streams_webrtc_out: 2, streams_viewers: 2 },
        ...{ streams_rtmfp_in: 0, streams_rtmfp_out: 0, streams_rtmp_in: 0, streams_rtmp_out: 0 },
        ...{ streams_rtsp_in: 0, streams_rtsp_out: 0 },
      },
      // This process and two workers.
      'Core Stats': { core_threads: 3 },
      'Keep-alive Stats': { keepalive_streams: 0, keepalive_checking: 0, keepalive_overdue_ms: 0 },
    });
    expect(system.system_memory_total).toBeGreaterThan(system.system_memory_free);
    expect(system.system_memory_free).toBeGreaterThan(0);
    expect(system.system_java_cpu_usage).toEqual(expect.any(Number));
    expect(system.memory_rss_bytes).toBeGreaterThan(system.memory_heap_bytes);
  });
});
