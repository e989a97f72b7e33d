import { beforeEach, describe, expect, it } from 'vitest';
import type { EndCause } from '../../crds/schema/end-causes.ts';
import { ALLOWED, gate, NOTHING_LEFT, rejected, SessionStage, started } from '../../test/builders/session-stage.ts';
import { settle } from '../../test/builders/virtual-clock.ts';
import { MediaUnavailable } from '../media/media.ts';
import { OfferError } from '../sdp/offer-error.ts';
import type { Stream } from '../streams/stream.ts';

let stage: SessionStage;
beforeEach(() => {
  stage = new SessionStage();
});

/** Steps of a publication at which something else may happen. */
const STEPS = ['connect', 'publishStream', 'media'] as const;
type Step = (typeof STEPS)[number];

/** Lets something happen while a publication waits at a step; the step itself then succeeds. */
function during(step: Step, happen: () => unknown): void {
  if (step === 'media') {
    stage.media.beforeAnswer = async () => void (await happen());
    return;
  }
  stage.answer = async (method) => {
    if (method === step) await happen();
    return ALLOWED;
  };
}

function onlyStream(): Stream {
  const [stream] = stage.registry.all();
  if (!stream) throw new Error('no stream');
  return stream;
}

/** What the backend hears of an end at each step, `I` standing for the info. */
const TOLD: Readonly<Record<Step, readonly string[]>> = {
  connect: ['connect', 'ConnectionStatusEvent DISCONNECTED I'],
  publishStream: [
    'connect',
    'ConnectionStatusEvent ESTABLISHED',
    'publishStream',
    'StreamStatusEvent S I',
    'ConnectionStatusEvent DISCONNECTED I',
  ],
  media: [
    'connect',
    'ConnectionStatusEvent ESTABLISHED',
    'publishStream',
    'StreamStatusEvent S I',
    'ConnectionStatusEvent DISCONNECTED I',
  ],
};

describe('a publication that is ended while it starts', () => {
  const causes: [EndCause, number, string, string, string][] = [
    ['rest', 403, 'terminated', 'FAILED', 'Stopped by rest /terminate'],
    ['drain', 503, 'draining', 'FAILED', 'Stopped by drain'],
    ['worker_died', 503, 'error', 'FAILED', 'Failed by worker death'],
    ['disconnect', 403, 'terminated', 'UNPUBLISHED', 'Stopped by session disconnect'],
  ];
  const rows = STEPS.flatMap((step) => causes.map((row) => [step, ...row] as const));

  it.each(rows)('at %s by %s is answered with %d %s', async (step, cause, status, result, final, info) => {
    during(step, () => stage.terminator.end(onlyStream(), cause));
    expect(rejected(await stage.publish())).toMatchObject({ status, result, detail: info });
    expect(stage.told).toEqual(TOLD[step].map((line) => line.replace('S I', `${final} I`).replace(/I$/, info)));
    expect(stage.counted).toEqual([`publish ${result}`]);
    expect(stage.left()).toEqual(NOTHING_LEFT);
  });

  it('closes the leg that media opens too late', async () => {
    const answering = gate();
    stage.media.beforeAnswer = () => answering.passed;
    const outcome = stage.publish();
    await settle();
    await stage.terminator.end(onlyStream(), 'rest');
    answering.open();
    expect(rejected(await outcome)).toMatchObject({ status: 403, result: 'terminated' });
    expect(stage.media.legs).toMatchObject([{ isClosed: true }]);
    stage.media.leg.connect();
    expect(stage.counted).toEqual(['publish terminated']);
  });

  it('does not ask the backend or media for the next step', async () => {
    during('connect', () => stage.terminator.end(onlyStream(), 'rest'));
    await stage.publish();
    expect(stage.told).not.toContain('publishStream');
    expect(stage.media.requests).toEqual([]);
  });

  it('aborts the backend call that it waits for', async () => {
    let signal: AbortSignal | null = null;
    during('connect', () => {
      ({ signal } = onlyStream());
      return stage.terminator.end(onlyStream(), 'rest');
    });
    await stage.publish();
    expect(signal).toMatchObject({ aborted: true });
  });
});

describe('a client that disconnects', () => {
  it.each(STEPS)('at %s leaves nothing behind', async (step) => {
    const client = new AbortController();
    during(step, () => client.abort());
    expect(rejected(await stage.publish({ signal: client.signal }))).toMatchObject({ result: 'terminated' });
    expect(stage.told.at(-1)).toBe('ConnectionStatusEvent DISCONNECTED Stopped by session disconnect');
    expect(stage.left()).toEqual(NOTHING_LEFT);
  });

  it('before the first call leaves nothing behind, and the backend is not called', async () => {
    expect(rejected(await stage.publish({ signal: AbortSignal.abort() }))).toMatchObject({ result: 'terminated' });
    expect(stage.told).toEqual([]);
    expect(stage.left()).toEqual(NOTHING_LEFT);
  });

  it('after it got the answer does not end the stream', async () => {
    const client = new AbortController();
    const stream = started(await stage.publish({ signal: client.signal }));
    client.abort();
    expect(stream.cause).toBeNull();
  });
});

describe('media that cannot start a leg', () => {
  const rows: [string, Error, number, string, string, number][] = [
    [
      'an offer without a common codec',
      new OfferError('offer_unsupported', 'no codec'),
      406,
      'bad_offer',
      'no codec',
      0,
    ],
    ['an offer that is malformed', new OfferError('offer_invalid', 'no mid'), 400, 'bad_offer', 'no mid', 0],
    [
      'an m-line that cannot be accepted',
      new OfferError('offer_unprocessable', 'm-line 2'),
      422,
      'bad_offer',
      'm-line 2',
      0,
    ],
    ['a worker that is just starting', new MediaUnavailable('no worker'), 503, 'error', 'no worker', 0],
    ['an internal error', new Error('boom'), 500, 'error', 'the media server failed to start the stream', 1],
  ];

  it.each(rows)('because of %s', async (_what, error, status, result, detail, logged) => {
    during('media', () => {
      throw error;
    });
    expect(rejected(await stage.publish())).toMatchObject({ status, result, detail });
    expect(stage.told.slice(-2)).toEqual([
      'StreamStatusEvent FAILED Failed by media negotiation',
      'ConnectionStatusEvent DISCONNECTED Failed by media negotiation',
    ]);
    expect(stage.lines).toHaveLength(logged);
    expect(stage.left()).toEqual(NOTHING_LEFT);
  });

  it('is not logged as an error after the stream has ended', async () => {
    during('media', async () => {
      await stage.terminator.end(onlyStream(), 'rest');
      throw new Error('the router is closed');
    });
    expect(rejected(await stage.publish())).toMatchObject({ status: 403, result: 'terminated' });
    expect(stage.lines).toEqual([]);
  });
});

describe('a stream of a session', () => {
  it('has an id of its own, and so has its session', async () => {
    const [a, b] = [started(await stage.publish({ name: 'a' })), started(await stage.publish({ name: 'b' }))];
    expect(new Set([a, b].flatMap(({ id, session }) => [id, session.id])).size).toBe(4);
  });

  it('gives connect no SDP, and publishStream the offer with the token', async () => {
    const stream = started(await stage.publish({ custom: { token: 't', room: '7' } }));
    expect(stage.bodies.get('connect')).not.toHaveProperty('sdp');
    expect(stage.bodies.get('publishStream')).toMatchObject({
      sdp: stream.offer,
      status: 'PENDING',
      custom: { token: 't', room: '7' },
    });
  });
});
