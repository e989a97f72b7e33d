import { beforeEach, describe, expect, it } from 'vitest';
import type { CaptureOffer, FromMediaServer } from '../../crds/schema/capture-calls.ts';
import { VirtualClock } from '../../test/builders/virtual-clock.ts';
import { CapturePrograms } from './capture-programs.ts';
import type { Channel } from './conversation.ts';

const NEVER = new AbortController().signal;
const CAMERA = 'rtsp://192.0.2.7/main';

/** The connection to a program that the test plays. */
class Program implements Channel {
  readonly isBehind = false;
  readonly #sent: object[] = [];
  isClosed = false;
  #hear: (line: unknown) => void = () => undefined;
  #end: (fault: string | null) => void = () => undefined;

  /** The captures that it was asked for. */
  get asked(): string[] {
    return this.#events.flatMap((event) => ('start' in event ? [event.start.uid] : []));
  }

  /** The calls of the REST API, each with the number to answer it. */
  get calls() {
    return this.#events.flatMap((event) => ('call' in event ? [event] : []));
  }

  get #events(): FromMediaServer[] {
    return this.#sent.flatMap((line) => ('event' in line ? [line.event as FromMediaServer] : []));
  }

  send(line: object): void {
    this.#sent.push(line);
  }

  close(): void {
    this.isClosed = true;
  }

  listen(onLine: (line: unknown) => void, onClosed: (fault: string | null) => void): void {
    this.#hear = onLine;
    this.#end = onClosed;
  }

  says(event: object): void {
    this.#hear({ event });
  }

  async leaves(): Promise<void> {
    this.#end(null);
    await clock.advance(0);
  }
}

let clock: VirtualClock;
let programs: CapturePrograms;
let live: Set<string>;
let listeners: Set<() => void>;

beforeEach(() => {
  clock = new VirtualClock();
  live = new Set();
  listeners = new Set();
  programs = new CapturePrograms({
    clock,
    isLive: (_appKey, name) => live.has(name),
    names: {
      onChange: (listener) => {
        listeners.add(listener);
        return () => listeners.delete(listener);
      },
    },
    log: { warn: () => undefined } as never,
  });
});

const offer = (name: string, over: Partial<CaptureOffer> = {}): CaptureOffer => ({
  ...{ uid: name, epoch: 1, appKey: 'app', name, url: `rtsp://192.0.2.9/${name}`, startTimeoutMs: 10_000 },
  ...over,
});

function program(...captures: readonly CaptureOffer[]): Program {
  const made = new Program();
  void programs.serve(made);
  made.says({ captures });
  return made;
}

function goesLive(name: string): void {
  live.add(name);
  for (const listener of listeners) listener();
}

/** What a viewer that asks for `gate` is told; undefined = it waits. */
function viewer(signal = NEVER) {
  const asking = { told: undefined as unknown };
  void programs.start('app', 'gate', signal).then((outcome) => {
    asking.told = outcome;
  });
  return asking;
}

describe('a viewer of a capture', () => {
  it('starts it, and waits until it is live', async () => {
    const one = program(offer('gate'));
    const asking = viewer();
    expect(one.asked).toEqual(['gate']);
    goesLive('other');
    await clock.advance(9_000);
    expect(asking.told).toBeUndefined();
    goesLive('gate');
    await clock.advance(0);
    expect([asking.told, listeners.size]).toEqual([null, 0]);
  });

  it('waits as long as the capture says', async () => {
    program(offer('gate', { startTimeoutMs: 3_000 }));
    const asking = viewer();
    await clock.advance(3_000);
    expect(asking.told).toEqual({ detail: 'it has not started in time', retryAfterMs: 2_000 });
    expect(listeners.size).toBe(0);
  });

  it('is told at once why it fails', async () => {
    const one = program(offer('gate'), offer('yard'));
    const asking = viewer();
    one.says({ failed: { uid: 'yard', detail: 'no', retryMs: 1 } });
    await clock.advance(0);
    expect(asking.told).toBeUndefined();
    one.says({ failed: { uid: 'gate', detail: 'the source refuses the credentials', retryMs: 60_000 } });
    await clock.advance(0);
    expect(asking.told).toEqual({ detail: 'the source refuses the credentials', retryAfterMs: 60_000 });
  });

  it('that goes away waits no longer', async () => {
    program(offer('gate'));
    const gone = new AbortController();
    const asking = viewer(gone.signal);
    gone.abort();
    await clock.advance(0);
    expect([asking.told, listeners.size]).toEqual([null, 0]);
  });

  it('does not wait for one that is not offered', async () => {
    program(offer('gate', { startTimeoutMs: undefined as never }));
    expect(programs.canStart('app', 'gate')).toBe(false);
    const asking = viewer();
    await clock.advance(0);
    expect(asking.told).toBeNull();
  });

  it('asks the program with the newest assignment', () => {
    const [older, newer] = [program(offer('gate', { epoch: 1 })), program(offer('gate', { epoch: 2 }))];
    older.says({ captures: [offer('gate', { epoch: 1 })] });
    viewer();
    expect([older.asked, newer.asked]).toEqual([[], ['gate']]);
  });

  it('asks the next program if the first one is lost meanwhile', async () => {
    const first = program(offer('gate'));
    const asking = viewer();
    await first.leaves();
    expect(programs.canStart('app', 'gate')).toBe(false);
    const next = program(offer('gate', { epoch: 2 }));
    expect([next.asked, asking.told]).toEqual([['gate'], undefined]);
  });
});

describe('the name of a stream', () => {
  it('may be the URL of a camera, in its app', () => {
    program(offer('gate', { url: CAMERA }), offer('yard', { appKey: 'other', url: 'rtsp://192.0.2.8/' }));
    const names = [CAMERA, `${CAMERA}/`, 'rtsp://192.0.2.8/', 'rtsp://', 'gate', 'RTSP://x'];
    expect(names.map((name) => programs.nameOf('app', name))).toEqual(['gate', null, null, null, 'gate', 'RTSP://x']);
  });

  it('is the same one at all times if two captures have the URL', () => {
    const [one, other] = [program(offer('b', { url: CAMERA })), program(offer('a', { url: CAMERA }))];
    expect(programs.nameOf('app', CAMERA)).toBe('a');
    one.says({ captures: [offer('b', { url: CAMERA })] });
    expect(programs.nameOf('app', CAMERA)).toBe('a');
    other.says({ captures: [] });
    expect(programs.nameOf('app', CAMERA)).toBe('b');
  });
});

describe('a program on which the REST API starts captures', () => {
  it('is the one with the fewest captures', () => {
    const [full, empty] = [program(offer('a'), offer('b')), program()];
    program();
    full.says({ captures: [offer('a'), offer('b')], pullsFor: 'app' });
    empty.says({ captures: [], pullsFor: 'app' });
    const [first] = programs.pullers;
    void first?.ask({ stop: { url: CAMERA } });
    expect([programs.pullers.length, full.calls, empty.calls]).toEqual([
      2,
      [],
      [{ id: 1, call: { stop: { url: CAMERA } } }],
    ]);
    empty.says({ captures: [] });
    expect(programs.pullers.length).toBe(1);
  });

  it('answers, or is not waited for', async () => {
    const one = program();
    one.says({ captures: [], pullsFor: 'app' });
    const [puller] = programs.pullers;
    const answers = [1, 2].map(() => puller?.ask({ stop: { url: CAMERA } }));
    const reply = { status: 200, detail: '', found: [] } as const;
    one.says({ id: one.calls[1]?.id, reply });
    await clock.advance(5_000);
    expect(await Promise.all(answers)).toEqual([null, reply]);
    expect(clock.pending).toBe(2);
  });
});

it.each([{}, { captures: [{ uid: 'x' }] }, { failed: { uid: 'gate' } }, null])(
  'a program that says %j is disconnected',
  async (event) => {
    const one = program(offer('gate'));
    one.says(event as object);
    await clock.advance(0);
    expect([one.isClosed, programs.canStart('app', 'gate'), clock.pending]).toEqual([true, false, 0]);
  },
);
