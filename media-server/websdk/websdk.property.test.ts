import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { FakePage } from '../../test/builders/fake-page.ts';
import { settle, WebSdkStage, wanted } from '../../test/builders/websdk-stage.ts';
import { readFrame } from './frame.ts';
import { HANDLERS } from './messages/table.ts';

const IDS = ['a', 'b', 'c'];
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

type Step = (stage: WebSdkStage, pages: FakePage[]) => Promise<void> | void;
const which = fc.nat({ max: 3 });
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 1, arbitrary: fc.constant<Step>(async (stage, pages) => void pages.push(await stage.connected())) },
  {
    weight: 8,
    arbitrary: fc.tuple(which, message).map(
      ([index, [name, body]]): Step =>
        (_stage, pages) =>
          pages[index]?.says(name, body),
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
          if (stream) await stage.terminator.end(stream, 'rest');
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

  it('answer every stream by one final status at most, and leave nothing behind', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
        const { pages, stage } = await walk(steps);
        expect({ ...stage.left(), sockets: stage.sockets.size, timers: stage.clock.pending }).toEqual({
          ...{ sessions: 0, streams: 0, open: [], checked: 0 },
          ...{ sockets: 0, timers: 0 },
        });
        expect(pages.flatMap(faultsOf)).toEqual([]);
        const count = (what: RegExp) => stage.told.filter((each) => what.test(each)).length;
        expect(count(/DISCONNECTED/)).toBe(count(/^connect$/));
      }),
      { numRuns: 300 },
    );
  });
});

/** Takes the steps; then all pages leave. */
async function walk(steps: readonly Step[]) {
  const stage = new WebSdkStage();
  const pages = [await stage.connected(), await stage.connected()];
  for (const each of steps) await each(stage, pages);
  for (const page of pages) page.leaves();
  await settle();
  await settle();
  return { stage, pages };
}

/** Ids whose answers a page could not understand: an SDP or a status after the final one, without a new request. */
function faultsOf(page: FakePage): string[] {
  const open = new Map<string, boolean>();
  const faults: string[] = [];
  for (const [name, first] of page.got) {
    if (name === 'setRemoteSDP') open.set(String(first), true);
    if (name !== 'notifyStreamStatusEvent') continue;
    const { mediaSessionId, status } = first as { mediaSessionId: string; status: string };
    if (!FINAL.includes(status) && open.get(mediaSessionId) !== true) faults.push(`${mediaSessionId} ${status}`);
    if (FINAL.includes(status)) open.set(mediaSessionId, false);
  }
  return faults;
}
