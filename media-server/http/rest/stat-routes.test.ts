import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { publicApp, type TestApp } from '../../../test/builders/public-app.ts';
import { fakeSession } from '../../../test/builders/streams.ts';

let test: TestApp;

beforeEach(async () => {
  test = await publicApp();
});

afterEach(() => test.app.close());

describe('the statistics page', () => {
  it('is text in dashed sections, JSON, or Prometheus', async () => {
    test.add();
    const text = (await test.app.inject('/?action=stat')).body;
    expect(text).toContain('-----Stream Stats-----\nstreams_webrtc_in=1\nstreams_webrtc_out=0\n');
    test.sessions.add(fakeSession());
    const { body: connections } = await test.app.inject('/?action=stat');
    expect(connections).toContain('-----Connection Stats-----\nconnections=2\nconnections_webrtc=2\n');
    expect((await test.app.inject('/?action=stat&format=json')).json()['Stream Stats'].streams_webrtc_in).toBe(1);
    expect((await test.app.inject('/?action=stat&format=prometheus')).body).toBe('# metrics\n');
    expect((await test.app.inject('/?action=stat&format=xml')).statusCode).toBe(400);
    expect((await test.app.inject('/?action=stats')).json().detail).toBe('query.action: must be stat');
  });
});
