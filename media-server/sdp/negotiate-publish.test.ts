import { describe, expect, it } from 'vitest';
import { capabilities, savedOffer } from '../../test/fixtures/sdp/offers.ts';
import { type Allowed, negotiatePublish } from './negotiate-publish.ts';
import { parseOffer } from './offer.ts';

const ALL: Allowed = {
  codecs: new Set(['opus', 'vp8', 'vp9', 'h264', 'av1']),
  kinds: new Set(['audio', 'video']),
  maxBitrate: 0,
};

function negotiate(sdp: string, allowed: Partial<Allowed> = {}) {
  return negotiatePublish(parseOffer(sdp, 'publish'), capabilities, { ...ALL, ...allowed });
}

function video(sdp: string, allowed: Partial<Allowed> = {}) {
  const track = negotiate(sdp, allowed).tracks.find(({ kind }) => kind === 'video');
  if (!track) throw new Error('no video was negotiated');
  return track;
}

const chromium = savedOffer('chromium-publish');
const simulcast = savedOffer('chromium-simulcast');
const withoutSsrcs = chromium.replaceAll(/a=ssrc.*\r\n/g, '');

describe('negotiatePublish', () => {
  it.each(['vp8', 'vp9', 'h264', 'av1'])('chooses %s when only that is allowed, with its RTX', (codec) => {
    const { rtpParameters, ...track } = video(chromium, { codecs: new Set(['opus', codec]) });
    expect(track.codec).toBe(codec);
    expect(rtpParameters.codecs.map(({ mimeType }) => mimeType.toLowerCase())).toEqual([`video/${codec}`, 'video/rtx']);
    expect(rtpParameters.codecs[1]?.parameters).toEqual({ apt: rtpParameters.codecs[0]?.payloadType });
  });

  it('follows the order of the offer', () => {
    const h264First = chromium.replace(/^(m=video 9 \S+) (.*) 108 (.*)$/m, '$1 108 $2 $3');
    expect(video(chromium).codec).toBe('vp8');
    const lines = h264First.split('\r\n');
    const moved = lines.filter((line) => /^a=(rtpmap|fmtp|rtcp-fb):108/.test(line));
    const rest = lines.filter((line) => !moved.includes(line));
    rest.splice(
      rest.findIndex((line) => line.startsWith('a=rtpmap:96')),
      0,
      ...moved,
    );
    expect(video(rest.join('\r\n')).codec).toBe('h264');
  });

  it('prefers constrained baseline with packetization mode 1 among the H264 codecs of an offer', () => {
    const [codec] = video(chromium, { codecs: new Set(['opus', 'h264']) }).rtpParameters.codecs;
    expect(codec?.parameters).toMatchObject({
      'packetization-mode': 1,
      'profile-level-id': expect.stringMatching(/^42e0/),
    });
  });

  it.each(
    ['42e01f', '42001f', '4d001f', '64001f', '640c2a', 'f4001f', '42c03e', '4D4029', '640828', '420010'].flatMap(
      (profile) => [
        [profile, 1],
        [profile, 0],
      ],
    ),
  )('takes H264 of profile %s in packetization mode %i', (profile, mode) => {
    const only = chromium
      .replaceAll(/a=(rtpmap|fmtp|rtcp-fb):(?!108)\d+ .*\r\n/g, (line) => (line.includes('opus') ? line : ''))
      .replace(/packetization-mode=1;profile-level-id=\w+/, `packetization-mode=${mode};profile-level-id=${profile}`);
    expect(video(only).codec).toBe('h264');
  });

  it('makes one layer per rid, in the order of a=simulcast', () => {
    const { layers, rtpParameters } = video(simulcast);
    expect(layers).toEqual(['l', 'm', 'h']);
    expect(rtpParameters.encodings).toEqual([{ rid: 'l' }, { rid: 'm' }, { rid: 'h' }]);
  });

  it('accepts the first of alternative layers, and paused layers', () => {
    expect(video(simulcast.replace('send l;m;h', 'send l,x;~m;h')).layers).toEqual(['l', 'm', 'h']);
  });

  it('accepts a number as a rid', () => {
    expect(video(simulcast.replace('send l;m;h', 'send 1')).layers).toEqual(['1']);
  });

  it('makes one layer per SSRC of a SIM group, with its RTX', () => {
    const group =
      'a=ssrc-group:SIM 1 2\r\na=ssrc-group:FID 1 11\r\na=ssrc-group:FID 2 12\r\n' +
      'a=ssrc:1 cname:x\r\na=ssrc:2 cname:x\r\n';
    const { layers, rtpParameters } = video(withoutSsrcs + group);
    expect(layers).toEqual(['0', '1']);
    expect(rtpParameters.encodings).toEqual([
      { ssrc: 1, rtx: { ssrc: 11 } },
      { ssrc: 2, rtx: { ssrc: 12 } },
    ]);
  });

  it('has one layer without either', () => {
    const { layers, rtpParameters } = video(`${withoutSsrcs}a=ssrc:7 cname:me\r\na=ssrc:8 cname:me\r\n`);
    expect({ layers, encodings: rtpParameters.encodings, rtcp: rtpParameters.rtcp }).toEqual({
      layers: [],
      encodings: [{ ssrc: 7 }],
      rtcp: { cname: 'me' },
    });
  });

  it('finds a stream without SSRC by its mid', () => {
    expect(video(withoutSsrcs).rtpParameters).toMatchObject({ mid: '1', encodings: [{}] });
  });

  it.each([
    ['audio', new Set(['video'] as const), ['inactive', 'accepted']],
    ['video', new Set(['audio'] as const), ['accepted', 'inactive']],
  ])('leaves the m-line of %s inactive when that is not allowed', (_, kinds, expected) => {
    expect(negotiate(chromium, { kinds }).sections.map(({ kind }) => kind)).toEqual(expected);
  });

  it.each(['PCMU', 'PCMA', 'G722'])('accepts %s when that is allowed, with or without a=rtpmap', (codec) => {
    const only = { codecs: new Set([codec.toLowerCase(), 'vp8']) };
    const unmapped = chromium.replace(new RegExp(`a=rtpmap:\\d+ ${codec}.*\r\n`), '');
    for (const offer of [chromium, unmapped]) {
      expect(negotiate(offer, only).tracks.map((track) => track.codec)).toEqual([codec.toLowerCase(), 'vp8']);
    }
  });

  it.each([
    ['nothing is sent', savedOffer('chromium-play'), {}, 'no enabled m-line that sends audio or video'],
    ['nothing is allowed', chromium, { kinds: new Set([]) }, 'no m-line sends audio or video that is allowed here'],
    ['no codec is allowed', chromium, { codecs: new Set<string>() }, 'a=mid:0 has no audio codec'],
    [
      'video has no common codec',
      chromium.replaceAll(/(VP8|VP9|H264|AV1)\/90000/g, 'H265/90000'),
      {},
      'the m-line with a=mid:1 has no video codec that is allowed here (vp8, vp9, h264, av1)',
    ],
    [
      'audio has no common codec',
      chromium.replace('opus/48000/2', 'x/8000'),
      {},
      'the m-line with a=mid:0 has no audio codec that is allowed here (opus)',
    ],
    ['there are too many layers', simulcast.replace('l;m;h', 'a;b;c;d;e;f;g;h;i'), {}, 'more than 8 simulcast layers'],
    ['a layer is not a rid', simulcast.replace('l;m;h', 'l;;h'), {}, 'a layer that is not a valid rid'],
    ['a layer is listed twice', simulcast.replace('l;m;h', 'l;l;h'), {}, 'names a layer twice'],
    ['an SSRC is not a number', `${withoutSsrcs}a=ssrc-group:SIM 1 x\r\n`, {}, 'not a valid SSRC'],
  ])('refuses when %s', (_, sdp, allowed, message) => {
    expect(() => negotiate(sdp, allowed)).toThrow(
      expect.objectContaining({ name: 'OfferError', message: expect.stringContaining(message) }),
    );
  });
});
