import { describe, expect, it } from 'vitest';
import { playableTracks, savedOffer } from '../../test/fixtures/sdp/offers.ts';
import { negotiatePlay } from './negotiate-play.ts';
import type { Allowed } from './negotiate-publish.ts';
import { type Numbering, WIRE_MAPPING } from './numbering.ts';
import { parseOffer } from './offer.ts';

const ALL: Allowed = { codecs: new Set(), kinds: new Set(['audio', 'video']), maxBitrate: 0 };

function negotiate(offer: string, videoCodec: string, numbering: Numbering, allowed: Partial<Allowed> = {}) {
  return negotiatePlay(parseOffer(offer, 'play'), playableTracks(videoCodec), { ...ALL, ...allowed }, numbering);
}

function wireMappings(offer: string, videoCodec: string): (string | undefined)[] {
  return negotiate(offer, videoCodec, 'worker').tracks.map(
    ({ rtpCapabilities }) =>
      rtpCapabilities.codecs?.[0]?.rtcpFeedback?.find(({ type }) => type === WIRE_MAPPING)?.parameter,
  );
}

describe('negotiatePlay', () => {
  it.each([
    ['chromium-play', 'VP8'],
    ['chromium-play', 'VP9'],
    ['chromium-play', 'H264'],
    ['chromium-play', 'AV1'],
    ['pion-play', 'VP9'],
    ['aiortc-play', 'H264'],
    ['node-datachannel-play', 'H264'],
    ['gstreamer-play', 'VP8'],
  ])('gives %s its tracks of opus and %s', (name, codec) => {
    const { tracks } = negotiate(savedOffer(name), codec, 'worker');
    expect(tracks.map((track) => track.codec)).toEqual(['opus', codec.toLowerCase()]);
  });

  it('gives a Firefox without the plugin for H264 the sound alone, if there is one', () => {
    const offer = savedOffer('firefox-play');
    expect(negotiate(offer, 'H264', 'worker').tracks.map(({ codec }) => codec)).toEqual(['opus']);
    const video = playableTracks('H264').filter(({ kind }) => kind === 'video');
    expect(() => negotiatePlay(parseOffer(offer, 'play'), video, ALL, 'worker')).toThrow(
      'no m-line receives what is published (h264)',
    );
  });

  it('tells the worker the numbers of the offer, the same for all tracks', () => {
    const [audio, video] = wireMappings(savedOffer('aiortc-play'), 'VP8');
    // opus 111, VP8 96 and its RTX 100 of the router; probes go to a number that the offer does not use.
    expect(video).toBe('pt=111:96,96:97,100:98,127:127;ext=1:1,6:2,4:3');
    expect(audio).toBe(video);
  });

  it('gives bandwidth probes a payload type that the offer does not use', () => {
    const used = savedOffer('chromium-play').replaceAll('97', '127');
    expect(wireMappings(used, 'VP8')[1]).toMatch(/,127:126;|,127:12[0-5];/);
  });

  it('needs no special router when the offer has the numbers of the router', () => {
    expect(negotiate(savedOffer('chromium-play'), 'VP8', 'router').routerCodecs).toBeNull();
  });

  it('otherwise needs a router with the numbers of the offer', () => {
    const { routerCodecs, tracks } = negotiate(savedOffer('aiortc-play'), 'VP8', 'router');
    expect(routerCodecs?.map(({ mimeType, preferredPayloadType }) => [mimeType, preferredPayloadType])).toEqual([
      ['audio/opus', 96],
      ['video/VP8', 97],
    ]);
    expect(tracks.map(({ rtpCapabilities }) => rtpCapabilities.codecs?.[0]?.preferredPayloadType)).toEqual([96, 97]);
  });

  it('leaves out transport-cc and RTX when a router does the numbering', () => {
    const { tracks } = negotiate(savedOffer('chromium-play'), 'VP8', 'router');
    const codecs = tracks.flatMap(({ rtpCapabilities }) => rtpCapabilities.codecs ?? []);
    expect(codecs.map(({ mimeType }) => mimeType)).toEqual(['audio/opus', 'video/VP8']);
    expect(codecs.flatMap(({ rtcpFeedback = [] }) => rtcpFeedback).map(({ type }) => type)).not.toContain(
      'transport-cc',
    );
  });

  it.each([
    ['audio', new Set(['video'] as const), ['1']],
    ['video', new Set(['audio'] as const), ['0']],
  ])('plays no %s when that is not wanted', (_, kinds, mids) => {
    expect(negotiate(savedOffer('chromium-play'), 'VP8', 'worker', { kinds }).tracks.map(({ mid }) => mid)).toEqual(
      mids,
    );
  });

  it('leaves m-lines without a track inactive', () => {
    const negotiation = negotiatePlay(
      parseOffer(savedOffer('chromium-play'), 'play'),
      playableTracks('VP8').slice(1),
      ALL,
      'worker',
    );
    const consumers = new Map([['1', { codecs: [], encodings: [{ ssrc: 5 }] }]]);
    expect(negotiation.sections(consumers).map(({ kind }) => kind)).toEqual(['inactive', 'accepted']);
  });

  it.each([
    ['nothing is received', savedOffer('chromium-publish'), 'no enabled m-line that receives audio or video'],
    [
      'no codec is known',
      savedOffer('gstreamer-play').replaceAll(/OPUS|VP8/g, 'x'),
      'no m-line receives what is published (opus, vp8)',
    ],
    [
      'two codecs share a payload type',
      savedOffer('node-datachannel-play').replaceAll(/:96 |(?<=SAVPF )96/g, (text) => text.replace('96', '111')),
      'two codecs have the same payload type',
    ],
  ])('refuses when %s', (_, offer, message) => {
    expect(() => negotiate(offer, 'VP8', 'worker')).toThrow(
      expect.objectContaining({ name: 'OfferError', message: expect.stringContaining(message) }),
    );
  });
});
