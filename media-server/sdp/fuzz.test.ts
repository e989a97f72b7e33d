import fc from 'fast-check';
import type { RtpParameters } from 'mediasoup-client/types';
import { describe, expect, it } from 'vitest';
import { CLIENTS, capabilities, playableTracks, SERVER, savedOffer } from '../../test/fixtures/sdp/offers.ts';
import { type AnswerSection, writeAnswer } from './answer.ts';
import { negotiatePlay } from './negotiate-play.ts';
import { type Allowed, negotiatePublish } from './negotiate-publish.ts';
import { type Offer, parseOffer } from './offer.ts';
import { OfferError } from './offer-error.ts';
import { newCredentials, parseFragment } from './trickle.ts';

const ALL: Allowed = {
  codecs: new Set(['opus', 'vp8', 'vp9', 'h264', 'av1']),
  kinds: new Set(['audio', 'video']),
  maxBitrate: 0,
};
const OFFERS = CLIENTS.flatMap((client) => [savedOffer(`${client}-publish`), savedOffer(`${client}-play`)]);

const CURRENT = { usernameFragment: 'EsAw', password: 'P2uYro0UCOQ4zxjKXaWCBui1' };

/** Any error must be an `OfferError` with a message. */
function survives(run: () => void): void {
  try {
    run();
  } catch (error) {
    if (error instanceof OfferError && error.message.length > 10) return;
    throw error;
  }
}

const consumed: RtpParameters = { codecs: [], encodings: [{ ssrc: 5 }] };

function expectAnswer(offer: Offer, sections: readonly AnswerSection[]): void {
  expect(writeAnswer(offer, SERVER, sections).split(/^m=/m)).toHaveLength(offer.media.length + 1);
}

function negotiateAll(text: string): void {
  survives(() => {
    const offer = parseOffer(text, 'publish');
    expectAnswer(offer, negotiatePublish(offer, capabilities, ALL).sections);
  });
  for (const numbering of ['worker', 'router'] as const) {
    survives(() => {
      const offer = parseOffer(text, 'play');
      const { sections, tracks } = negotiatePlay(offer, playableTracks('H264'), ALL, numbering);
      const consumers = tracks.map(({ mid }) => [mid, consumed] as const);
      expectAnswer(offer, sections(new Map(consumers)));
    });
  }
}

const token = fc.oneof(
  fc.string({ maxLength: 20 }),
  fc.constantFrom('', '-1', '99999999999999999999', 'NaN', '__proto__', 'constructor', '0', '128', ';;;=', '\0', '::1'),
);

type Damage = (lines: string[], at: number, other: number, text: string) => void;

const DAMAGES: readonly Damage[] = [
  // dropped
  (lines, at) => lines.splice(at, 1),
  // doubled
  (lines, at) => lines.splice(at, 0, lines[at] ?? ''),
  // moved
  (lines, at, other) => lines.splice(other % lines.length, 0, ...lines.splice(at, 1)),
  // a word replaced
  (lines, at, other, text) => {
    const words = (lines[at] ?? '').split(/([ :=;/])/);
    lines[at] = words.with(other % words.length, text).join('');
  },
  // an attribute added
  (lines, at, _, text) => lines.splice(at, 0, `a=${text}:${text}`),
  // cut short
  (lines, at, other) => {
    lines[at] = (lines[at] ?? '').slice(0, other % ((lines[at] ?? '').length + 1));
  },
];

/** A saved offer with some damage. */
const damaged = fc
  .tuple(
    fc.constantFrom(...OFFERS),
    fc.array(fc.tuple(fc.constantFrom(...DAMAGES), fc.nat(), fc.nat(), token), { minLength: 1, maxLength: 8 }),
  )
  .map(([offer, damages]) => {
    const lines = offer.split('\r\n');
    for (const [damage, position, other, text] of damages) damage(lines, position % lines.length, other, text);
    return lines.join('\r\n');
  });

describe('hostile SDP', { timeout: 30_000 }, () => {
  it('never throws anything but an OfferError: damaged offers', () => {
    fc.assert(fc.property(damaged, negotiateAll), { numRuns: 2000 });
  });

  it('never throws anything but an OfferError: lines of SDP in any order', () => {
    const line = fc.constantFrom(...OFFERS.flatMap((offer) => offer.split('\r\n')));
    const text = fc.array(line, { maxLength: 60 }).map((lines) => ['v=0', ...lines].join('\r\n'));
    fc.assert(fc.property(text, negotiateAll), { numRuns: 1000 });
  });

  it('never throws anything but an OfferError: fragments', () => {
    const line = fc.oneof(
      token,
      token.map((text) => `a=ice-ufrag:${text}`),
      token.map((text) => `a=candidate:${text}`),
    );
    const text = fc.array(line, { maxLength: 20 }).map((lines) => lines.join('\r\n'));
    fc.assert(
      fc.property(text, (fragment) => survives(() => void newCredentials(parseFragment(fragment), CURRENT))),
      { numRuns: 1000 },
    );
  });

  it('treats any candidate as trickle, and new credentials as a restart', () => {
    const candidate = fc.oneof(token, fc.string()).map((text) => `a=candidate:${text.replaceAll(/[\r\n]/g, ' ')}`);
    const own = [`a=ice-ufrag:${CURRENT.usernameFragment}`, `a=ice-pwd:${CURRENT.password}`];
    const fresh = ['a=ice-ufrag:Other', own[1] ?? ''];
    const fragment = fc.tuple(fc.constantFrom([], own, fresh), fc.array(candidate, { minLength: 1, maxLength: 20 }));
    fc.assert(
      fc.property(fragment, ([credentials, candidates]) => {
        const found = newCredentials(parseFragment([...credentials, ...candidates].join('\r\n')), CURRENT);
        expect(found).toEqual(credentials === fresh ? { ...CURRENT, usernameFragment: 'Other' } : null);
      }),
      { numRuns: 1000 },
    );
  });

  it.each(['\n', '\r', '\r\n'])('reads the largest offer quickly, with lines that end in %j', (newline) => {
    const lines = ['v=0', ...Array.from({ length: 30_000 }, (_, index) => `a=${index % 10}`)];
    const began = performance.now();
    survives(() => void parseOffer(lines.join(newline).slice(0, 128 * 1024), 'publish'));
    expect(performance.now() - began).toBeLessThan(4_000);
  });
});
