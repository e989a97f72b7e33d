import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { EndCause } from '../../crds/schema/end-causes.ts';
import { sleep } from '../../process/clock.ts';
import { ALLOWED, REFUSED, SessionStage, UNAVAILABLE } from '../../test/builders/session-stage.ts';
import { SILENT_HOOKS } from '../../test/builders/streams.ts';
import type { Admission, HookBody, SessionHooks } from '../hooks/session-hooks.ts';

type Step =
  | { readonly do: 'open' | 'whip' | 'whep'; readonly name: string }
  | { readonly do: 'publish' | 'play'; readonly session: number; readonly name: string }
  | { readonly do: 'connect'; readonly leg: number }
  | { readonly do: 'end'; readonly stream: number; readonly cause: EndCause }
  | { readonly do: 'endSession'; readonly session: number; readonly cause: EndCause }
  | { readonly do: 'answer'; readonly admission: Admission; readonly delayMs: number }
  | { readonly do: 'wait'; readonly ms: number };

const name = fc.constantFrom('a', 'b');
/** One of those that there are. */
const nth = fc.nat(20);
const cause = fc.constantFrom<EndCause>('client', 'rest', 'disconnect', 'keepalive');
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ do: fc.constantFrom('open' as const, 'whip' as const, 'whep' as const), name }),
  { weight: 3, arbitrary: fc.record({ do: fc.constantFrom('publish' as const, 'play' as const), session: nth, name }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('connect' as const), leg: nth }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('end' as const), stream: nth, cause }) },
  fc.record({ do: fc.constant('endSession' as const), session: nth, cause }),
  fc.record({
    do: fc.constant('answer' as const),
    admission: fc.constantFrom(ALLOWED, ALLOWED, REFUSED, UNAVAILABLE),
    delayMs: fc.constantFrom(0, 0, 10),
  }),
  { weight: 3, arbitrary: fc.record({ do: fc.constant('wait' as const), ms: fc.constantFrom(0, 5, 20) }) },
);

/** How far the code goes on before the next step: turns of the microtask queue. */
const turns = fc.nat(10);
const NEVER = new AbortController().signal;

type Told = { readonly method: string; readonly status: unknown; readonly stream: unknown };

/** Sessions whose backends are recorded one by one. */
class Recorded {
  /** What the backend was told of each session, in order. */
  readonly logs: Told[][] = [];
  readonly stage = new SessionStage(() => this.#hooks());
  admission: Admission = ALLOWED;
  delayMs = 0;

  async run(what: Step): Promise<void> {
    const { stage } = this;
    const { media, registry, sessions, terminator } = stage;
    const at = <T>(all: Iterable<T>, index: number): T | undefined => {
      const list = [...all];
      return list[index % list.length];
    };
    switch (what.do) {
      case 'open':
        return void stage.open();
      case 'whip':
        return void stage.publish(what);
      case 'whep':
        return void stage.play(what);
      case 'publish':
      case 'play': {
        const session = at(sessions.all(), what.session);
        if (session?.kind !== 'webSdk' || session.status !== 'ESTABLISHED') return;
        return void (what.do === 'publish' ? stage.publishIn(session, what) : stage.playIn(session, what));
      }
      case 'connect':
        return at(
          media.legs.filter((leg) => !leg.connected()),
          what.leg,
        )?.connect();
      case 'end': {
        const stream = at(registry.all(), what.stream);
        return void (stream && terminator.end(stream, what.cause));
      }
      case 'endSession': {
        const session = at(sessions.all(), what.session);
        return void (session && terminator.endSession(session, what.cause));
      }
      case 'answer':
        this.admission = what.admission;
        this.delayMs = what.delayMs;
        return;
      case 'wait':
        return stage.clock.advance(what.ms);
      default:
        return what satisfies never;
    }
  }

  #hooks(): SessionHooks {
    const log: Told[] = [];
    this.logs.push(log);
    const tell = (method: string, body: HookBody): void => {
      log.push({ method, status: body['status'], stream: body['mediaSessionId'] });
    };
    return {
      ...SILENT_HOOKS,
      event: tell,
      admit: async (method, body, signal) => {
        tell(method, body);
        const { admission } = this;
        await sleep(this.stage.clock, this.delayMs, signal);
        return admission;
      },
    };
  }
}

const IS_FINAL: ReadonlySet<unknown> = new Set(['FAILED', 'STOPPED', 'UNPUBLISHED']);

/** docs/hooks.md, in the order of a session. */
function checkOrder(log: readonly Told[]): void {
  if (log.length === 0) return;
  const [first, ...rest] = log.map(({ method, status }) => `${method} ${String(status)}`);
  expect(first).toBe('connect PENDING');
  if (rest.length === 0) return;
  expect(rest.at(-1)).toBe('ConnectionStatusEvent DISCONNECTED');
  const between = rest.slice(0, -1);
  if (between.length > 0) expect(between.shift()).toBe('ConnectionStatusEvent ESTABLISHED');
  expect(between.filter((line) => /^connect /i.test(line) || line.startsWith('ConnectionStatusEvent'))).toEqual([]);
  const streams = Map.groupBy(log.slice(1, -1), ({ stream }) => stream);
  for (const [stream, told] of streams) if (stream !== undefined) checkStream(told);
}

function checkStream(told: readonly Told[]): void {
  const methods = told.map(({ method }) => method.replace(/^publishStream|playStream$/, 'asked'));
  const ends = told.filter(({ method, status }) => method === 'StreamStatusEvent' && IS_FINAL.has(status));
  expect([methods[0], ends.length, ends[0]]).toEqual(['asked', 1, told.at(-1)]);
  expect(methods.join(' ')).toMatch(/^asked( StreamStatusEvent)?( unPublishStream| stopStream)? StreamStatusEvent$/);
}

it('whatever happens, each session is told in order, and nothing is left', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.tuple(step, turns), { maxLength: 60, size: 'max' }), async (steps) => {
      const recorded = new Recorded();
      const { stage } = recorded;
      stage.media.whileClosing = () => sleep(stage.clock, recorded.delayMs, NEVER);
      for (const [each, turns] of steps) {
        await recorded.run(each);
        for (let turn = 0; turn < turns; turn++) await null;
      }
      const ending = stage.terminator.endEverything('drain');
      await stage.clock.advance(100);
      await ending;
      expect(stage.left()).toEqual({ sessions: 0, streams: 0, open: [], checked: 0 });
      for (const log of recorded.logs) checkOrder(log);
    }),
    { numRuns: 300 },
  );
}, 60_000);
