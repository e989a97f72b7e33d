import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { FakePage } from '../../test/builders/fake-page.ts';
import { ALLOWED, REFUSED } from '../../test/builders/session-stage.ts';
import { settle, WebSdkStage, wanted } from '../../test/builders/websdk-stage.ts';
import { readFrame } from './frame.ts';
import { HANDLERS } from './messages/table.ts';

const IDS = ['a', 'b', 'c'];
const STATUS = 'notifyStreamStatusEvent';
const FINAL = ['FAILED', 'STOPPED', 'UNPUBLISHED'];

const id = fc.constantFrom(...IDS);
const content = fc.oneof(
  fc.record({ mediaSessionId: id, name: id }).map((over) => wanted('publish', over)),
  fc.record({ mediaSessionId: id, name: id }).map((over) => wanted('play', over)),
  fc.record({ mediaSessionId: id, type: fc.constantFrom('audioMuted', 'data', '') }),
  fc.record({ mediaSessionId: fc.anything(), name: fc.anything(), sdp: fc.anything() }),
  fc.anything(),
);
const message = fc.tuple(
  fc.constantFrom(...Object.keys(HANDLERS), 'connection', 'ping', 'pong', 'x', '__proto__'),
  content,
);
/** What pages do most of the time. */
const request = fc.oneof(
  id.map((each) => ['publishStream', wanted('publish', { mediaSessionId: each, name: each })] as const),
  fc.tuple(id, id).map(([each, name]) => ['playStream', wanted('play', { mediaSessionId: each, name })] as const),
  id.map((each) => ['stopStream', { mediaSessionId: each }] as const),
);

type Step = (stage: WebSdkStage, pages: FakePage[]) => Promise<void> | void;

/** Marks, in what a page has got, where it has asked for a stream and must be given an answer. */
const ASKED = 'asked';

/** Sends a message; those that ask for a stream are marked, unless they are refused by another message than a status. */
function ask(stage: WebSdkStage, page: FakePage, name: string, body: unknown): void {
  const [at, counted] = [page.got.length, stage.messages.length];
  page.says(name, body);
  if (!['publishStream', 'playStream', 'snapshot'].includes(name)) return;
  const [result] = stage.messages.slice(counted);
  if (result === `${name} refused`) expect(page.got.length).toBe(at + 1);
  const [of, message = []] = [Object(body).mediaSessionId, page.got[at]];
  if (result === `${name} accepted` || message[0] === STATUS) page.got.splice(at, 0, [ASKED, of]);
}

const which = fc.nat({ max: 3 });
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 1, arbitrary: fc.constant<Step>(async (stage, pages) => void pages.push(await stage.connected())) },
  {
    weight: 12,
    arbitrary: fc.tuple(which, fc.array(fc.oneof(request, message), { minLength: 1, maxLength: 3 })).map(
      ([index, messages]): Step =>
        (stage, pages) => {
          const page = pages[index];
          if (page) for (const [name, body] of messages) ask(stage, page, name, body);
        },
    ),
  },
  {
    weight: 1,
    arbitrary: which.map(
      (index): Step =>
        (_stage, pages) =>
          pages[index]?.leaves(),
    ),
  },
  { weight: 2, arbitrary: fc.constant<Step>((stage) => stage.media.legs.at(-1)?.connect()) },
  {
    weight: 2,
    arbitrary: fc.constantFrom('disconnect', 'ice', 'rtp').map(
      (cause): Step =>
        (stage) =>
          stage.media.legs.at(-1)?.fail(cause as 'ice'),
    ),
  },
  {
    weight: 1,
    arbitrary: id.map(
      (each): Step =>
        async (stage) => {
          const stream = stage.registry.get(each);
          if (stream) await stage.terminator.endAll([stream], 'rest');
        },
    ),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom(ALLOWED, REFUSED).map(
      (answer): Step =>
        (stage) => {
          stage.answer = (method) => settle().then(() => (method === 'connect' ? ALLOWED : answer));
        },
    ),
  },
  {
    weight: 1,
    arbitrary: fc.constant<Step>((stage) => {
      stage.media.whileClosing = () => Promise.reject(new Error('the worker does not answer'));
    }),
  },
  {
    weight: 1,
    arbitrary: which.map(
      (index): Step =>
        async (stage) => {
          const session = [...stage.sessions.all()][index];
          if (session) await stage.terminator.endSession(session, 'disconnect');
        },
    ),
  },
  { weight: 3, arbitrary: fc.constant<Step>(() => settle()) },
);

describe('sockets', () => {
  it('survive any frame', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.json(),
          fc.anything().map((each) => JSON.stringify(each) ?? ''),
        ),
        (text) => {
          const page = new WebSdkStage().page();
          page.saysText(text);
          expect(page.closed === 'malformed').toBe(typeof readFrame(text) === 'string');
        },
      ),
    );
  });

  it('answer each request by one final status, and leave nothing behind', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
        const { pages, stage } = await walk(steps);
        await stage.terminator.endAll(stage.registry.all(), 'rest');
        await settle();
        expect(pages.flatMap(faultsOf)).toEqual([]);
        for (const page of pages) page.leaves();
        await settle();
        expect({ ...stage.left(), sockets: stage.sockets.size, timers: stage.clock.pending }).toEqual({
          ...{ sessions: 0, streams: 0, open: [], checked: 0 },
          ...{ sockets: 0, timers: 0 },
        });
        const count = (what: RegExp) => stage.told.filter((each) => what.test(each)).length;
        expect(count(/DISCONNECTED/)).toBe(count(/^connect$/));
      }),
      { numRuns: 1_000 },
    );
  });
});

/** Takes the steps, and waits until nothing more happens. */
async function walk(steps: readonly Step[]) {
  const stage = new WebSdkStage();
  const pages = [await stage.connected(), await stage.connected()];
  for (const each of steps) await each(stage, pages);
  await settle();
  return { stage, pages };
}

/** What a page could not understand: anything about a stream that it has not asked for, or that has had its end. */
function faultsOf(page: FakePage): string[] {
  const open = new Set<unknown>();
  const faults: string[] = [];
  for (const message of page.got) {
    const { id: of, status } = subjectOf(message);
    if (status === ASKED) open.add(of);
    if (status !== '' && !open.has(of)) faults.push(JSON.stringify(message));
    if (FINAL.includes(status)) open.delete(of);
  }
  // A page that has left, or has broken a rule, gets no more answers.
  const isAnswered = page.closed === null || page.closed === 'ended';
  return isAnswered ? [...faults, ...[...open].map((each) => `no answer for ${each}`)] : faults;
}

/** The stream that a message is about, and what becomes of it. Empty = no stream. */
function subjectOf([name, first]: readonly unknown[]): { readonly id: unknown; readonly status: string } {
  if (name === ASKED || name === 'setRemoteSDP') return { id: first, status: String(name) };
  if (name !== STATUS) return { id: null, status: '' };
  const { mediaSessionId, status } = first as { mediaSessionId: string; status: string };
  return { id: mediaSessionId, status };
}
