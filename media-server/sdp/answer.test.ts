import type { RtpParameters } from 'mediasoup-client/types';
import { describe, expect, it } from 'vitest';
import { CLIENTS, capabilities, playableTracks, SERVER, savedOffer } from '../../test/fixtures/sdp/offers.ts';
import { writeAnswer } from './answer.ts';
import { negotiatePlay, type PlayedTrack } from './negotiate-play.ts';
import { type Allowed, negotiatePublish } from './negotiate-publish.ts';
import type { Numbering } from './numbering.ts';
import { parseOffer } from './offer.ts';

const EVERYTHING: Allowed = {
  codecs: new Set(['opus', 'vp8', 'vp9', 'h264', 'av1']),
  kinds: new Set(['audio', 'video']),
  maxBitrate: 0,
};

function publishAnswer(offerName: string, allowed: Partial<Allowed> = {}): string {
  const offer = parseOffer(savedOffer(offerName));
  return writeAnswer(offer, SERVER, negotiatePublish(offer, capabilities, { ...EVERYTHING, ...allowed }).sections);
}

function playAnswer(offerName: string, numbering: Numbering, allowed: Partial<Allowed> = {}): string {
  const offer = parseOffer(savedOffer(offerName));
  const tracks = playableTracks('VP8');
  const negotiation = negotiatePlay(offer, tracks, { ...EVERYTHING, ...allowed }, numbering);
  const consumers = negotiation.tracks.map((track, index) => [track.mid, consumed(track, 1000 * (index + 1))] as const);
  return writeAnswer(offer, SERVER, negotiation.sections(new Map(consumers)));
}

/** What mediasoup makes of a track. */
function consumed({ kind, rtpCapabilities }: PlayedTrack, ssrc: number): RtpParameters {
  const { codecs = [], headerExtensions = [] } = rtpCapabilities;
  return {
    codecs: codecs.map(({ kind: _, preferredPayloadType: payloadType = 0, ...codec }) => ({ ...codec, payloadType })),
    headerExtensions: headerExtensions.map(({ preferredId: id, uri }) => ({ id, uri })),
    encodings: [kind === 'video' && codecs.length > 1 ? { ssrc, rtx: { ssrc: ssrc + 1 } } : { ssrc }],
    rtcp: { cname: 'publisher' },
  };
}

const linesOf = (answer: string, prefix: string): string[] =>
  answer.split('\r\n').filter((line) => line.startsWith(prefix));

describe('answers to saved offers', () => {
  it.each([...CLIENTS.map((client) => `${client}-publish`), 'chromium-simulcast'])('%s', async (name) => {
    await expect(publishAnswer(name)).toMatchFileSnapshot(`../../test/fixtures/sdp/answers/${name}.sdp`);
  });

  it.each(CLIENTS)('%s-play, numbered by the worker', async (client) => {
    const answer = playAnswer(`${client}-play`, 'worker');
    await expect(answer).toMatchFileSnapshot(`../../test/fixtures/sdp/answers/${client}-play.sdp`);
  });

  it.each(CLIENTS)('%s-play, numbered by a router', async (client) => {
    const answer = playAnswer(`${client}-play`, 'router');
    await expect(answer).toMatchFileSnapshot(`../../test/fixtures/sdp/answers/${client}-play-by-router.sdp`);
  });
});

describe('an answer', () => {
  it('says ice-lite at session level, without which Chromium never connects', () => {
    const answer = publishAnswer('chromium-publish');
    expect(answer.indexOf('a=ice-lite')).toBeGreaterThan(0);
    expect(answer.indexOf('a=ice-lite')).toBeLessThan(answer.indexOf('m='));
  });

  it('rejects an m-line by port 0 and leaves it out of BUNDLE', () => {
    const answer = publishAnswer('chromium-publish', { kinds: new Set(['video']) });
    expect(linesOf(answer, 'm=').map((line) => line.split(' ', 2).join(' '))).toEqual(['m=audio 0', 'm=video 7']);
    expect(linesOf(answer, 'a=group')).toEqual(['a=group:BUNDLE 1']);
  });

  it('never negotiates abs-capture-time', () => {
    const offer = savedOffer('chromium-publish').replaceAll(
      'a=extmap:1 ',
      'a=extmap:9 http://www.webrtc.org/experiments/rtp-hdrext/abs-capture-time\r\na=extmap:1 ',
    );
    const { sections } = negotiatePublish(parseOffer(offer), capabilities, EVERYTHING);
    expect(writeAnswer(parseOffer(offer), SERVER, sections)).not.toContain('abs-capture-time');
  });

  it('states the bandwidth limit of video as AS in kbit/s and TIAS in bit/s', () => {
    expect(linesOf(publishAnswer('chromium-publish', { maxBitrate: 1_500_500 }), 'b=')).toEqual([
      'b=AS:1501',
      'b=TIAS:1500500',
    ]);
    expect(linesOf(playAnswer('chromium-play', 'worker', { maxBitrate: 800_000 }), 'b=')).toEqual([
      'b=AS:800',
      'b=TIAS:800000',
    ]);
  });

  it('has no BUNDLE group when the offer has none', () => {
    const [session = '', audio = ''] = savedOffer('chromium-play').split(/(?=^m=)/m);
    const offer = parseOffer((session + audio).replace(/a=group:BUNDLE.*\r\n/, ''));
    const answer = writeAnswer(
      offer,
      SERVER,
      negotiatePlay(offer, playableTracks('VP8'), EVERYTHING, 'worker').sections(new Map()),
    );
    expect(answer).not.toContain('BUNDLE');
  });

  it('takes the active part in DTLS when the client is passive', () => {
    const offer = parseOffer(savedOffer('chromium-publish').replaceAll('a=setup:actpass', 'a=setup:passive'));
    const answer = writeAnswer(offer, SERVER, negotiatePublish(offer, capabilities, EVERYTHING).sections);
    expect(new Set(linesOf(answer, 'a=setup'))).toEqual(new Set(['a=setup:active']));
  });
});
