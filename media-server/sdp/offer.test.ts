import { describe, expect, it } from 'vitest';
import { savedOffer } from '../../test/fixtures/sdp/offers.ts';
import { parseOffer } from './offer.ts';

const chromium = savedOffer('chromium-publish');

/** The message of the refusal; fails if the offer is accepted. */
function refusal(text: string): { code: string; message: string } {
  try {
    parseOffer(text, 'publish');
  } catch (error) {
    expect(error).toHaveProperty('name', 'OfferError');
    const { code, message } = error as Error & { code: string };
    return { code, message };
  }
  throw new Error('the offer was accepted');
}

describe('parseOffer', () => {
  it('reads what the negotiation needs', () => {
    const { bundle, media, setup } = parseOffer(chromium, 'publish');
    expect({ bundle, setup }).toEqual({ bundle: new Set(['0', '1']), setup: 'actpass' });
    const read = media.map(({ direction, kind, mid, wanted }) => ({ direction, kind, mid, wanted }));
    expect(read).toEqual([
      { direction: 'sendonly', kind: 'audio', mid: '0', wanted: true },
      { direction: 'sendonly', kind: 'video', mid: '1', wanted: true },
    ]);
  });

  it('treats a bundle-only m-line with port 0 as enabled', () => {
    const { media } = parseOffer(savedOffer('gstreamer-publish'), 'publish');
    expect(media.map(({ enabled, section }) => [section.port, enabled])).toEqual([
      [9, true],
      [0, true],
    ]);
  });

  it('lets the later m-lines of a BUNDLE omit the transport', () => {
    const [session = '', audio = '', video = ''] = chromium.split(/(?=^m=)/m);
    const bare = video.replaceAll(/a=(ice-ufrag|ice-pwd|ice-options|fingerprint|setup|rtcp-mux).*\r\n/g, '');
    expect(parseOffer(session + audio + bare, 'publish').media).toHaveLength(2);
  });

  it('does not require BUNDLE for a single m-line', () => {
    const [session = '', audio = ''] = chromium.split(/(?=^m=)/m);
    expect(parseOffer(session.replace(/a=group:BUNDLE.*\r\n/, '') + audio, 'publish').bundle).toEqual(new Set());
  });

  it('has kind null for a data channel', () => {
    const data =
      'm=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\nc=IN IP4 0.0.0.0\r\na=mid:2\r\na=sctp-port:5000\r\n';
    expect(parseOffer(chromium + data, 'publish').media.map(({ kind }) => kind)).toEqual(['audio', 'video', null]);
  });

  const [, audio = '', video = ''] = chromium.split(/(?=^m=)/m);
  /** Adds the section without its MediaStream, so that only the kind is at fault. */
  const withSecond = (section: string): string =>
    chromium.replace('BUNDLE 0 1', 'BUNDLE 0 1 2') +
    section.replaceAll(/a=(msid|ssrc).*\r\n/g, '').replace(/a=mid:\d/, 'a=mid:2');
  const inTwoStreams = (offer: string): string => {
    const at = offer.indexOf('m=video');
    return offer.slice(0, at) + offer.slice(at).replaceAll(/msid:\S+/g, 'msid:other');
  };

  it.each([
    ['a data channel', 'm=application 9 UDP/DTLS/SCTP webrtc-datachannel'],
    ['an unknown kind and protocol', 'm=x-foo 9/2 TCP/X-BAR *'],
    ['text', 'm=text 9 UDP/TLS/RTP/SAVPF 300'],
    ['audio that is not RTP', 'm=audio 9 TCP/BFCP 300'],
    ['video that is switched off', 'm=video 0 UDP/TLS/RTP/SAVPF 300'],
    ['a second video that is received', 'm=video 9 UDP/TLS/RTP/SAVPF 300\r\na=recvonly'],
    ['a second audio that is inactive', 'm=audio 9 UDP/TLS/RTP/SAVPF 300\r\na=inactive'],
  ])('does not validate %s', (_, line) => {
    const faults = [
      'a=mid:a-mid-that-is-far-too-long',
      'a=rtpmap:300 x/1',
      ...Array.from({ length: 300 }, () => 'a=rtpmap:1 x/1'),
      'a=msid:other track',
      'a=ice-ufrag:x',
      'a=fingerprint:md5 0',
      'a=setup:holdconn',
    ];
    for (const mid of ['a=mid:0', 'a=mid:a-mid-that-is-far-too-long', 'a=sctp-port:x']) {
      const { media, tagged } = parseOffer([chromium + line, mid, ...faults, ''].join('\r\n'), 'publish');
      expect(media.map(({ wanted }) => wanted)).toEqual([true, true, false]);
      expect(tagged).toBe(media[0]);
      const first = [chromium.slice(0, chromium.indexOf('m=')) + line, mid, ...faults, audio + video].join('\r\n');
      expect(parseOffer(first, 'publish').tagged.mid).toBe('0');
    }
  });

  it('accepts one MediaStream, and tracks without one', () => {
    const without = chromium.replaceAll(/a=msid:\S+/g, 'a=msid:-').replaceAll(/ msid:\S+/g, ' msid:-');
    expect(parseOffer(without, 'publish').media).toHaveLength(2);
  });

  it.each([
    ['an empty text', '', 'offer_invalid', 'does not begin with v=0'],
    ['JSON', '{"sdp":"v=0"}', 'offer_invalid', 'does not begin with v=0'],
    ['no m-line', 'v=0\r\ns=-\r\n', 'offer_invalid', 'no m-line'],
    ['a broken m-line', 'v=0\r\nm=audio\r\n', 'offer_invalid', 'm-line 1 is not of the form'],
    [
      'a port that is not a number',
      'v=0\r\nm=audio nine RTP/AVP 0\r\n',
      'offer_invalid',
      'm-line 1 is not of the form',
    ],
    ['a protocol that is a number', 'v=0\r\nm=audio 9 1 96\r\n', 'offer_unsupported', 'no enabled m-line'],
    ['a text that is too long', `v=0\r\n${'a=x\r\n'.repeat(30_000)}`, 'offer_invalid', 'longer than 131072 characters'],
    ['a line that is too long', `v=0\r\na=${'x'.repeat(5000)}`, 'offer_invalid', 'longer than 4096 characters'],
    [
      '17 m-lines',
      chromium + 'm=audio 9 UDP/TLS/RTP/SAVPF 0\r\n'.repeat(15),
      'offer_invalid',
      '17 m-lines; the maximum is 16',
    ],
    [
      'no media',
      chromium.replaceAll(/^m=(audio|video) 9/gm, 'm=$1 0'),
      'offer_unsupported',
      'no enabled m-line that sends audio or video',
    ],
    ['the same mid twice', chromium.replaceAll('a=mid:1', 'a=mid:0'), 'offer_invalid', 'two m-lines have a=mid:0'],
    ['a long mid', chromium.replaceAll('a=mid:1', 'a=mid:123456789'), 'offer_unsupported', 'a=mid:123456789 is longer'],
    [
      'no BUNDLE',
      chromium.replace(/a=group:BUNDLE.*\r\n/, ''),
      'offer_unsupported',
      'a=mid:0 is not in a=group:BUNDLE',
    ],
    ['half a BUNDLE', chromium.replace('BUNDLE 0 1', 'BUNDLE 0'), 'offer_unsupported', 'a=mid:1 is not in'],
    ['no rtcp-mux', chromium.replaceAll('a=rtcp-mux\r\n', ''), 'offer_unsupported', 'no a=rtcp-mux'],
    ['no ice-ufrag', chromium.replaceAll(/a=ice-ufrag.*\r\n/g, ''), 'offer_invalid', 'no a=ice-ufrag'],
    ['no ice-pwd', chromium.replaceAll(/a=ice-pwd.*\r\n/g, ''), 'offer_invalid', 'no a=ice-pwd'],
    ['no fingerprint', chromium.replaceAll(/a=fingerprint.*\r\n/g, ''), 'offer_invalid', 'no a=fingerprint'],
    ['an unknown digest', chromium.replaceAll('sha-256', 'md5'), 'offer_unsupported', 'a=fingerprint uses md5'],
    [
      'a short digest',
      chromium.replaceAll(/(sha-256 ..).*/g, '$1'),
      'offer_invalid',
      'must be hex bytes of the length',
    ],
    ['a foreign setup', chromium.replaceAll('actpass', 'holdconn'), 'offer_invalid', 'a=setup must be'],
    ['a payload type of 200', chromium.replace('rtpmap:96', 'rtpmap:200'), 'offer_invalid', 'outside 0 to 127'],
    ['a payload type twice', chromium.replace('rtpmap:97', 'rtpmap:96'), 'offer_invalid', 'two a=rtpmap'],
    [
      'too many SSRCs',
      chromium + 'a=ssrc:1 cname:x\r\n'.repeat(129),
      'offer_invalid',
      'more than 128 lines of one kind',
    ],
    ['a second video', withSecond(video), 'offer_unprocessable', 'a=mid:2 is a second video track'],
    ['a second audio', withSecond(audio), 'offer_unprocessable', 'a=mid:2 is a second audio track'],
    ['two MediaStreams', inTwoStreams(chromium), 'offer_unprocessable', 'a=mid:1 belongs to a second MediaStream'],
    [
      'two MediaStreams of Firefox',
      inTwoStreams(savedOffer('firefox-publish')),
      'offer_unprocessable',
      'a=mid:1 belongs to a second MediaStream',
    ],
    [
      'two MediaStreams in a=ssrc',
      inTwoStreams(savedOffer('gstreamer-publish')),
      'offer_unprocessable',
      'a=mid:video1 belongs to a second MediaStream',
    ],
    [
      'too many codecs',
      chromium + 'a=rtpmap:1 x/1\r\n'.repeat(129),
      'offer_invalid',
      'more than 128 lines of one kind',
    ],
    [
      'video of its own transport',
      chromium.replace(video, video.replace('a=mid:1', 'a=mid:2')),
      'offer_unsupported',
      'a=mid:2',
    ],
  ])('refuses %s', (_, text, code, message) => {
    const { code: actual, message: text_ } = refusal(text);
    expect(text_).toContain(message);
    expect(actual).toBe(code);
  });
});
