import { beforeEach, describe, expect, it } from 'vitest';
import { logLines } from '../../test/builders/log-lines.ts';
import { RecordedCalls } from '../../test/builders/recorded-calls.ts';
import { VirtualClock } from '../../test/builders/virtual-clock.ts';
import { ApiError } from './api-error.ts';
import { type EventNote, EventRecorder } from './events.ts';
import type { KubeObject } from './objects.ts';

const PATH = '/apis/events.k8s.io/v1/namespaces/media/events';
const NOTE: EventNote = { type: 'Warning', reason: 'RefNotFound', action: 'Reconcile', note: 'Secret "a" is missing' };

const object = (over: Partial<KubeObject['metadata']> = {}): KubeObject => ({
  apiVersion: 'sluice.dev/v1alpha1',
  kind: 'MediaServer',
  metadata: { name: 'live', namespace: 'media', uid: 'u1', resourceVersion: '7', ...over },
});

describe('EventRecorder', () => {
  let client: RecordedCalls;
  let clock: VirtualClock;
  let logged: ReturnType<typeof logLines>;
  let recorder: EventRecorder;

  beforeEach(() => {
    client = new RecordedCalls();
    clock = new VirtualClock();
    logged = logLines();
    recorder = new EventRecorder(client, 'operator-1', clock, logged.log);
  });

  const bodies = () => client.calls.map(({ body }) => body as Record<string, unknown> & { metadata: { name: string } });

  it('writes an Event about an object', async () => {
    await recorder.say(object(), NOTE);
    expect(client.calls).toEqual([
      {
        method: 'POST',
        path: PATH,
        body: {
          apiVersion: 'events.k8s.io/v1',
          kind: 'Event',
          metadata: { name: expect.stringMatching(/^live\.[0-9a-f]{16}\.[0-9a-z]+$/), namespace: 'media' },
          eventTime: '2026-01-01T00:00:00.000000Z',
          reportingController: 'sluice.dev/operator',
          reportingInstance: 'operator-1',
          regarding: {
            apiVersion: 'sluice.dev/v1alpha1',
            kind: 'MediaServer',
            name: 'live',
            namespace: 'media',
            uid: 'u1',
          },
          type: 'Warning',
          reason: 'RefNotFound',
          action: 'Reconcile',
          note: 'Secret "a" is missing',
        },
      },
    ]);
  });

  it('writes the same Event once in ten minutes', async () => {
    await recorder.say(object(), NOTE);
    await clock.advance(599_999);
    await recorder.say(object({ resourceVersion: '8' }), NOTE);
    expect(client.calls).toHaveLength(1);
    await clock.advance(1);
    await recorder.say(object(), NOTE);
    expect(new Set(bodies().map(({ metadata }) => metadata.name)).size).toBe(2);
  });

  it('writes it again after ten minutes, even if the clock was set back', async () => {
    let now = clock.now();
    const setBack = {
      now: () => now,
      monotonic: () => clock.monotonic(),
      random: Math.random,
      setTimeout: clock.setTimeout,
    };
    recorder = new EventRecorder(client, 'operator-1', setBack, logged.log);
    await recorder.say(object(), NOTE);
    await clock.advance(600_000);
    now -= 3_600_000;
    await recorder.say(object(), NOTE);
    expect(client.calls).toHaveLength(2);
  });

  it.each<[string, Partial<KubeObject['metadata']>, Partial<EventNote>]>([
    ['of another object', { name: 'other', uid: 'u2' }, {}],
    ['of a recreated object', { uid: 'u2' }, {}],
    ['with another reason', {}, { reason: 'Conflict' }],
    ['in other words', {}, { note: 'Secret "b" is missing' }],
  ])('writes at once the same Event %s', async (_what, metadata, note) => {
    await recorder.say(object(), NOTE);
    await recorder.say(object(metadata), { ...NOTE, ...note });
    expect(client.calls).toHaveLength(2);
  });

  it('writes again an Event that could not be written, without an error for the caller', async () => {
    client.refuse(PATH, new ApiError('no', { status: 403 }));
    await recorder.say(object(), NOTE);
    await recorder.say(object(), NOTE);
    expect(client.calls).toHaveLength(2);
    expect(logged.lines()).toMatchObject([{ level: 'debug' }, { level: 'debug' }]);
  });

  it('respects the limits of the API server: names of 253, notes of 1024, reporters of 128 bytes', async () => {
    recorder = new EventRecorder(client, 'o'.repeat(200), clock, logged.log);
    await recorder.say(object({ name: 'n'.repeat(253) }), { ...NOTE, note: 'ü'.repeat(1_000) });
    const [body] = bodies();
    expect(body?.metadata.name.length).toBeLessThanOrEqual(253);
    expect(Buffer.byteLength(String(body?.['note']))).toBeLessThanOrEqual(1_024);
    expect(body?.['note']).toMatch(/^ü+$/);
    expect(String(body?.['reportingInstance']).length).toBeLessThanOrEqual(128);
    expect(body?.['regarding']).toMatchObject({ name: 'n'.repeat(253) });
  });

  it('remembers only the newest thousands of notes', async () => {
    for (let index = 0; index <= 5_000; index++) await recorder.say(object(), { ...NOTE, note: `note ${index}` });
    client.calls.length = 0;
    await recorder.say(object(), { ...NOTE, note: 'note 5000' });
    expect(client.calls).toHaveLength(0);
    await recorder.say(object(), { ...NOTE, note: 'note 0' });
    expect(client.calls).toHaveLength(1);
  });
});
