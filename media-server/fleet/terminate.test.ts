import { beforeEach, describe, expect, it } from 'vitest';
import { fleetOfOne } from '../../test/builders/fleet-of-one.ts';
import { logLines } from '../../test/builders/log-lines.ts';
import { fakeStreams } from '../../test/builders/streams.ts';
import { disconnect } from './disconnect.ts';
import { type TerminateDeps, type TerminateOrder, terminate } from './terminate.ts';

const ALL: TerminateOrder = { filter: {}, scope: 'fleet', dryRun: false, denyForMs: 0 };

const silent = { pod: 'pod-1', uid: 'b', answer: null, error: 'it did not answer in time' };

/** This pod, and one that does not answer. */
function withSilentPod(streams: ReturnType<typeof fakeStreams>): TerminateDeps['fleet'] {
  const { asking } = fleetOfOne(streams);
  return { here: asking.here.bind(asking), all: async (op, question) => [...(await asking.all(op, question)), silent] };
}

describe('terminate', () => {
  let streams: ReturnType<typeof fakeStreams>;
  let logged: ReturnType<typeof logLines>;
  let counted: string[];
  let deps: TerminateDeps;

  beforeEach(() => {
    streams = fakeStreams();
    logged = logLines();
    counted = [];
    deps = {
      fleet: fleetOfOne(streams).asking,
      log: logged.log,
      metrics: { terminateRequest: (scope, result) => counted.push(`${scope} ${result}`) },
    };
  });

  it('ends matching streams, counts the request and logs who asked', async () => {
    streams.add();
    expect(await terminate(deps, ALL, 'ops')).toMatchObject({ status: 200, matched: 1, terminated: 1 });
    expect([counted, streams.registry.size]).toEqual([['fleet 200'], 0]);
    expect(logged.lines()).toMatchObject([{ caller: 'ops', status: 200, matched: 1, terminated: 1 }]);
  });

  it.each([
    ['although another pod is silent, if it has all ids', {}, 0, 200],
    ['but says 503 if the silent pod may have another one, since a page has chosen the id', { id: 'p' }, 0, 503],
    ['but says 503 if the silent pod was not told who is denied', {}, 60_000, 503],
  ])('ends streams by id, %s', async (_what, setup, denyForMs, status) => {
    const { id } = streams.add(setup);
    const fleet = withSilentPod(streams);
    const answer = await terminate({ ...deps, fleet }, { ...ALL, filter: { mediaSessionId: id }, denyForMs }, 'ops');
    expect(answer).toMatchObject({ status, terminated: 1 });
  });

  it.each([
    ['has the session', () => streams.add().session.id, { status: 200, matched: 1, terminated: 1 }],
    ['does not have it', () => 'another', { status: 503, matched: 0, terminated: 0 }],
  ])('answers for a session while another pod is silent, if this pod %s', async (_what, sessionId, expected) => {
    const fleet = withSilentPod(streams);
    expect(await disconnect({ ...deps, fleet }, sessionId(), 'ops')).toMatchObject(expected);
  });

  it('ends nothing in a dry run', async () => {
    streams.add();
    expect(await terminate(deps, { ...ALL, dryRun: true }, 'ops')).toMatchObject({ matched: 1, terminated: 0 });
    expect(streams.registry.size).toBe(1);
  });

  it('ends the others if one stream fails to close, and reports it', async () => {
    streams.add({ close: () => Promise.reject(new Error('the worker does not answer')) });
    const others = [streams.add(), streams.add()];
    expect(await terminate(deps, ALL, 'ops')).toMatchObject({
      status: 503,
      matched: 3,
      terminated: 2,
      pods: [
        {
          pod: 'pod-0',
          matched: 3,
          terminated: 2,
          error: '1 of 3 streams could not be closed',
        },
      ],
    });
    expect(others.map(({ status }) => status)).toEqual(['FAILED', 'FAILED']);
    expect(streams.registry.size).toBe(0);
    expect(streams.failures).toHaveLength(1);
    expect(logged.lines()).toMatchObject([
      {
        msg: 'terminate requested',
        failed: [{ pod: 'pod-0', error: '1 of 3 streams could not be closed' }],
      },
    ]);
  });
});
