import type { RtpParameters } from 'mediasoup-client/types';
import { describe, expect, it } from 'vitest';
import { CLIENTS, capabilities, playable, playableTracks, SERVER, savedOffer } from '../../test/fixtures/sdp/offers.ts';
import { writeAnswer } from './answer.ts';
import { negotiatePlay, type PlayedTrack } from './negotiate-play.ts';
import { type Allowed, negotiatePublish } from './negotiate-publish.ts';
import type { Numbering } from './numbering.ts';
import { parseOffer } from './offer.ts';
import type { PlayableTrack } from './track-match.ts';

const EVERYTHING: Allowed = {
  codecs: new Set(['opus', 'vp8', 'vp9', 'h264', 'av1']),
  kinds: new Set(['audio', 'video']),
  maxBitrate: 0,
};

function publishAnswer(offerName: string, allowed: Partial<Allowed> = {}): string {
  const offer = parseOffer(savedOffer(offerName), 'publish');
  return writeAnswer(offer, SERVER, negotiatePublish(offer, capabilities, { ...EVERYTHING, ...allowed }).sections);
}

type Played = {
  readonly numbering?: Numbering;
  readonly tracks?: PlayableTrack[];
  readonly allowed?: Partial<Allowed>;
};

function playAnswer(
  offerName: string,
  { allowed = {}, numbering = 'worker', tracks = playableTracks('VP8') }: Played = {},
): string {
  const offer = parseOffer(savedOffer(offerName), 'play');
  const negotiation = negotiatePlay(offer, tracks, { ...EVERYTHING, ...allowed }, numbering);
  const consumers = negotiation.tracks.map((track, index) => [track.mid, consumed(track, 1000 * (index + 1))] as const);
  return writeAnswer(offer, SERVER, negotiation.sections(new Map(consumers)));
}

/** The parameters that mediasoup gives a track. */
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

/** The lines of each m-line's section. */
const sectionsOf = (answer: string): string[][] =>
  answer
    .split(/(?=^m=)/m)
    .slice(1)
    .map((section) => section.split('\r\n').filter((line) => line !== ''));

const inactiveAudio = (offer: string): string => offer.replace('a=sendonly', 'a=inactive');

const TRANSPORT = [
  'a=ice-ufrag:serverufrag',
  'a=ice-pwd:serverpasswordserverpassword',
  'a=candidate:udpcandidate 1 udp 1076302079 198.51.100.7 44444 typ host',
  'a=candidate:tcpcandidate 1 tcp 1076276479 198.51.100.7 44444 typ host tcptype passive',
  'a=end-of-candidates',
];

/** An m-line that a session cannot use. */
const DATA_CHANNEL =
  'm=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\n' +
  'a=mid:data-channel-1\r\na=rtpmap:300 x/1\r\na=sctp-port:5000\r\n';

describe('answers to saved offers', () => {
  it.each([...CLIENTS.map((client) => `${client}-publish`), 'chromium-simulcast'])('%s', async (name) => {
    await expect(publishAnswer(name)).toMatchFileSnapshot(`../../test/fixtures/sdp/answers/${name}.sdp`);
  });

  it.each(CLIENTS)('%s-play, numbered by the worker', async (client) => {
    const answer = playAnswer(`${client}-play`);
    await expect(answer).toMatchFileSnapshot(`../../test/fixtures/sdp/answers/${client}-play.sdp`);
  });

  it.each(CLIENTS)('%s-play, numbered by a router', async (client) => {
    const answer = playAnswer(`${client}-play`, { numbering: 'router' });
    await expect(answer).toMatchFileSnapshot(`../../test/fixtures/sdp/answers/${client}-play-by-router.sdp`);
  });
});

describe('the parameters of a format in an answer', () => {
  const fmtp = (answer: string, payloadType: number): string | undefined =>
    linesOf(answer, `a=fmtp:${payloadType} `)[0]?.replace(/^a=fmtp:\d+ /, '');

  const publishedWith = (parameters: string): string | undefined => {
    const text = savedOffer('chromium-publish').replace('minptime=10;useinbandfec=1', parameters);
    const offer = parseOffer(text, 'publish');
    return fmtp(writeAnswer(offer, SERVER, negotiatePublish(offer, capabilities, EVERYTHING).sections), 111);
  };

  it.each([
    ['minptime=10;useinbandfec=1', 'minptime=10;useinbandfec=1'],
    ['stereo=1; sprop-stereo=1', 'stereo=1;sprop-stereo=1;useinbandfec=1'],
    ['sprop-stereo=1', 'sprop-stereo=1;useinbandfec=1;stereo=1'],
    ['stereo=0;sprop-stereo=1', 'stereo=0;sprop-stereo=1;useinbandfec=1'],
    ['useinbandfec=0;usedtx=1;maxaveragebitrate=96000', 'useinbandfec=0;usedtx=1;maxaveragebitrate=96000'],
    ['cbr=1;maxplaybackrate=16000', 'cbr=1;maxplaybackrate=16000;useinbandfec=1'],
    ['sprop-maxcapturerate=48000;unknown=1;x', 'useinbandfec=1'],
  ])('opus published with %s: %s', (offered, answered) => {
    expect(publishedWith(offered)).toBe(answered);
  });

  it.each([
    ['mono', {}, 'maxplaybackrate=48000;stereo=1;useinbandfec=1'],
    ['stereo', { 'sprop-stereo': 1 }, 'maxplaybackrate=48000;stereo=1;useinbandfec=1;sprop-stereo=1'],
    ['what was asked for in stereo', { stereo: 1 }, 'maxplaybackrate=48000;stereo=1;useinbandfec=1;sprop-stereo=1'],
  ])('opus played from a publication in %s', (_, parameters, answered) => {
    expect(fmtp(playAnswer('firefox-play', { tracks: [playable('audio', 'opus', parameters)] }), 109)).toBe(answered);
  });

  it.each([
    ['640c2a', 'level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=640c2a'],
    ['42e034', 'level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e034'],
    ['42E01F', 'packetization-mode=1;profile-level-id=42E01F'],
    ['420010', 'packetization-mode=1;profile-level-id=420010'],
  ])('H264 published alone with %s keeps its level', (_, parameters) => {
    const [session = '', audio = '', video = ''] = savedOffer('chromium-publish').split(/(?=^m=)/m);
    const h264 = video
      .replace(/^m=.*/, 'm=video 9 UDP/TLS/RTP/SAVPF 108')
      .replaceAll(/a=(rtpmap|fmtp|rtcp-fb):(?!108)\d+ .*\r\n/g, '')
      .replace(/a=fmtp:108 .*/, `a=fmtp:108 ${parameters}`);
    const offer = parseOffer(session + audio + h264, 'publish');
    expect(fmtp(writeAnswer(offer, SERVER, negotiatePublish(offer, capabilities, EVERYTHING).sections), 108)).toBe(
      parameters,
    );
  });

  const HIGH = { 'profile-level-id': '640028', 'packetization-mode': 1, 'level-asymmetry-allowed': 1 };

  it.each([
    ['chromium', 102, 'level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42001f'],
    ['firefox-h264', 126, 'profile-level-id=42e01f;level-asymmetry-allowed=1;packetization-mode=1'],
    ['safari', 96, 'level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=640c1f'],
    ['pion', 112, 'level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=64001f'],
    ['aiortc', 99, 'level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42001f'],
    ['node-datachannel', 97, 'profile-level-id=42e01f;packetization-mode=1;level-asymmetry-allowed=1'],
  ])('H264 of the High profile played by %s', async (client, payloadType, parameters) => {
    const answer = playAnswer(`${client}-play`, { tracks: playableTracks('H264', HIGH) });
    expect(fmtp(answer, payloadType)).toBe(parameters);
    await expect(answer).toMatchFileSnapshot(`../../test/fixtures/sdp/answers/${client}-play-high.sdp`);
  });
});

describe('an answer', () => {
  it('says ice-lite at session level, without which Chromium never connects', () => {
    const answer = publishAnswer('chromium-publish');
    expect(answer.indexOf('a=ice-lite')).toBeGreaterThan(0);
    expect(answer.indexOf('a=ice-lite')).toBeLessThan(answer.indexOf('m='));
  });

  it('answers audio that is not allowed as inactive, with everything that strict clients expect', () => {
    const answer = publishAnswer('chromium-publish', { kinds: new Set(['video']) });
    expect(linesOf(answer, 'a=group')).toEqual(['a=group:BUNDLE 0 1']);
    expect(sectionsOf(answer)[0]).toEqual([
      'm=audio 7 UDP/TLS/RTP/SAVPF 111 63 9 0 8 13 110 126',
      'c=IN IP4 0.0.0.0',
      'a=rtpmap:111 opus/48000/2',
      'a=rtpmap:63 red/48000/2',
      'a=rtpmap:9 G722/8000',
      'a=rtpmap:0 PCMU/8000',
      'a=rtpmap:8 PCMA/8000',
      'a=rtpmap:13 CN/8000',
      'a=rtpmap:110 telephone-event/48000',
      'a=rtpmap:126 telephone-event/8000',
      'a=fmtp:111 minptime=10;useinbandfec=1',
      'a=fmtp:63 111/111',
      'a=setup:passive',
      'a=mid:0',
      'a=inactive',
      ...TRANSPORT,
      'a=rtcp-mux',
    ]);
  });

  it('answers audio that has no track as inactive', () => {
    const [, video] = playableTracks('VP8');
    const answer = playAnswer('aiortc-play', { tracks: video ? [video] : [] });
    expect(linesOf(answer, 'm=')).toEqual([
      'm=audio 7 UDP/TLS/RTP/SAVPF 96 9 0 8',
      'm=video 7 UDP/TLS/RTP/SAVPF 97 98',
    ]);
    expect(sectionsOf(answer).map((lines) => lines.filter((line) => TRANSPORT.includes(line)))).toEqual([
      TRANSPORT,
      TRANSPORT,
    ]);
    expect(linesOf(answer, 'a=rtcp-mux')).toHaveLength(2);
    expect(linesOf(answer, 'a=setup')).toHaveLength(2);
  });

  it.each([
    ['audio that is switched off', (text: string) => text.replace('m=audio 9', 'm=audio 0')],
    ['audio outside the BUNDLE', (text: string) => inactiveAudio(text).replace('BUNDLE 0 1', 'BUNDLE 1')],
    ['audio under the mid of video', (text: string) => inactiveAudio(text).replace('a=mid:0', 'a=mid:1')],
  ])('rejects %s by port 0 and leaves it out of BUNDLE, with the transport', (_, change) => {
    const offer = parseOffer(change(savedOffer('chromium-publish')), 'publish');
    const answer = writeAnswer(offer, SERVER, negotiatePublish(offer, capabilities, EVERYTHING).sections);
    expect(linesOf(answer, 'm=')[0]).toBe('m=audio 0 UDP/TLS/RTP/SAVPF 111 63 9 0 8 13 110 126');
    expect(linesOf(answer, 'a=group')).toEqual(['a=group:BUNDLE 1']);
    expect(sectionsOf(answer)[0]).toEqual(
      expect.arrayContaining(['a=setup:passive', 'a=ice-ufrag:serverufrag', 'a=rtpmap:111 opus/48000/2', 'a=rtcp-mux']),
    );
  });

  it('rejects any data channel, and names its transport', () => {
    const offer = parseOffer(savedOffer('chromium-publish') + DATA_CHANNEL, 'publish');
    const answer = writeAnswer(offer, SERVER, negotiatePublish(offer, capabilities, EVERYTHING).sections);
    expect(sectionsOf(answer)[2]).toEqual([
      'm=application 0 UDP/DTLS/SCTP webrtc-datachannel',
      'c=IN IP4 0.0.0.0',
      'a=setup:passive',
      'a=mid:data-channel-1',
      'a=inactive',
      'a=ice-ufrag:serverufrag',
      'a=ice-pwd:serverpasswordserverpassword',
    ]);
  });

  it('answers a=rtcp-mux-only when it is offered', () => {
    expect(linesOf(publishAnswer('gstreamer-publish'), 'a=rtcp-mux-only')).toHaveLength(2);
    expect(linesOf(publishAnswer('chromium-publish'), 'a=rtcp-mux-only')).toHaveLength(0);
  });

  it('describes each format of each m-line', () => {
    for (const client of CLIENTS) {
      for (const tracks of [playableTracks('VP8').slice(0, 1), playableTracks('VP8').slice(1)]) {
        for (const lines of sectionsOf(playAnswer(`${client}-play`, { tracks }))) {
          const mapped = lines.flatMap((line) => /^a=rtpmap:(\d+)/.exec(line)?.[1] ?? []);
          expect(mapped, client).toEqual(expect.arrayContaining(lines[0]?.split(' ').slice(3) ?? []));
        }
      }
    }
  });

  it('never negotiates abs-capture-time', () => {
    const offer = savedOffer('chromium-publish').replaceAll(
      'a=extmap:1 ',
      'a=extmap:9 http://www.webrtc.org/experiments/rtp-hdrext/abs-capture-time\r\na=extmap:1 ',
    );
    const parsed = parseOffer(offer, 'publish');
    const { sections } = negotiatePublish(parsed, capabilities, EVERYTHING);
    expect(writeAnswer(parsed, SERVER, sections)).not.toContain('abs-capture-time');
  });

  it('states the bandwidth limit of video as AS in kbit/s and TIAS in bit/s', () => {
    expect(linesOf(publishAnswer('chromium-publish', { maxBitrate: 1_500_500 }), 'b=')).toEqual([
      'b=AS:1501',
      'b=TIAS:1500500',
    ]);
    expect(linesOf(playAnswer('chromium-play', { allowed: { maxBitrate: 800_000 } }), 'b=')).toEqual([
      'b=AS:800',
      'b=TIAS:800000',
    ]);
  });

  it('has no BUNDLE group when the offer has none', () => {
    const [session = '', audio = ''] = savedOffer('chromium-play').split(/(?=^m=)/m);
    const offer = parseOffer((session + audio).replace(/a=group:BUNDLE.*\r\n/, ''), 'play');
    const answer = writeAnswer(
      offer,
      SERVER,
      negotiatePlay(offer, playableTracks('VP8'), EVERYTHING, 'worker').sections(new Map()),
    );
    expect(answer).not.toContain('BUNDLE');
  });

  it('takes the active part in DTLS when the client is passive', () => {
    const offer = parseOffer(
      savedOffer('chromium-publish').replaceAll('a=setup:actpass', 'a=setup:passive'),
      'publish',
    );
    const answer = writeAnswer(offer, SERVER, negotiatePublish(offer, capabilities, EVERYTHING).sections);
    expect(new Set(linesOf(answer, 'a=setup'))).toEqual(new Set(['a=setup:active']));
  });
});
