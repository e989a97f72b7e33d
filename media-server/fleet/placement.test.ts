import { describe, expect, it } from 'vitest';
import type { RosterMember } from '../../crds/schema/internal.ts';
import { fakeStreams } from '../../test/builders/streams.ts';
import { Placement } from './placement.ts';

const member = (pod: string, over: Partial<RosterMember> = {}): RosterMember => ({
  pod,
  uid: pod,
  address: '10.0.0.1',
  port: 9091,
  ...over,
});

const HOLDER = member('holder');
const FREE = {
  isAdmitted: true,
  isOpen: false,
  hasFailed: false,
  refuses: false,
  others: [HOLDER],
  holder: HOLDER as RosterMember | null,
  cascadeAfter: 2,
  playbacks: 0,
};

/** A pod of two that has a live publication `here`, with this many playbacks. */
function placement({ playing = 0, ...over }: Partial<typeof FREE> & { playing?: number } = {}): Placement {
  const { cascadeAfter, hasFailed, holder, isAdmitted, isOpen, others, playbacks, refuses } = { ...FREE, ...over };
  const { add, registry } = fakeStreams();
  const publication = add({ direction: 'publish', name: 'here' });
  publication.goLive();
  for (let count = 0; count < playing; count++) add({ direction: 'play', name: 'here' });
  return new Placement({
    registry,
    fleet: {
      isAdmitted,
      incoming: { isOpen: () => isOpen, hasFailed: () => hasFailed },
      membership: { others: () => others },
      names: { holderOf: () => holder },
    },
    captures: { nameOf: (_appKey, asked) => (asked === 'rtsp://192.0.2.7/' ? 'here' : asked) },
    drain: { refuses },
    limits: () => ({ cascadeAfter, playbacks }),
    clock: { random: () => 0.5 },
  });
}

describe('a viewer', () => {
  it.each<[string, Parameters<typeof placement>[0], string, readonly RosterMember[]]>([
    ['goes to the pod that holds the publication', {}, 'there', [HOLDER]],
    ['is served here if the publication is here', {}, 'here', []],
    ['is served here if it asks for the camera of a publication here', {}, 'rtsp://192.0.2.7/', []],
    ['is served here if the publication is fetched already', { isOpen: true }, 'there', []],
    ['is served here if no pod serves others', { cascadeAfter: 0 }, 'there', []],
    ['is refused here while this pod joins', { isAdmitted: false }, 'there', []],
    ['is told here that the publication is not live', { holder: null }, 'there', []],
  ])('%s', (_what, over, name, members) => {
    expect(placement(over).goesTo('play', 'defaultApp', name)).toEqual({ members, isFinal: false });
  });

  it('is served by the holder alone if its streams cannot be fetched', () => {
    const place = placement({ hasFailed: true, cascadeAfter: 0 }).goesTo('play', 'defaultApp', 'there');
    expect(place).toEqual({ members: [HOLDER], isFinal: true });
  });

  it.each<[string, Parameters<typeof placement>[0], string, boolean]>([
    ['is served by the holder', { playing: 1 }, 'here', false],
    ['is sent back if the holder serves enough', { playing: 2 }, 'here', true],
    ['of the camera is sent back as well', { playing: 2 }, 'rtsp://192.0.2.7/', true],
    ['is sent back if the holder drains', { refuses: true }, 'here', true],
    ['is sent back if the holder is full', { playing: 1, playbacks: 1 }, 'here', true],
    ['is told by the holder that the publication has ended', { playing: 2 }, 'gone', false],
  ])('that was handed on %s', (_what, over, name, isSentBack) => {
    expect(placement(over).sendsBack('defaultApp', name)).toBe(isSentBack);
  });
});

describe('a publisher', () => {
  it('is served here', () => {
    expect(placement().goesTo('publish', 'app', 'new').members).toEqual([]);
  });

  it('goes to a few members that run, while this pod drains', () => {
    const running = ['a', 'b', 'c', 'd'].map((pod) => member(pod));
    const others = [member('down', { endedAt: 1 }), member('lost', { lost: true }), ...running];
    const { members } = placement({ refuses: true, others }).goesTo('publish', 'app', 'new');
    expect(members).toHaveLength(3);
    expect(running).toEqual(expect.arrayContaining([...members]));
  });
});
