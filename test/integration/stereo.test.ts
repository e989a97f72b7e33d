import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Media, Publication } from '../../media-server/media/media.ts';
import { request, startTestMedia } from '../clients/media.ts';
import { startBrowser } from '../harness/browser.ts';
import { until } from '../harness/wait.ts';

// Code that the pages run, as text, since this file is not compiled for a browser.
const CONNECT = `async (pc, parameters) => {
  const { sdp } = await pc.createOffer();
  await pc.setLocalDescription({ type: 'offer', sdp: sdp.replace('useinbandfec=1', 'useinbandfec=1' + parameters) });
  await pc.setRemoteDescription({ type: 'answer', sdp: await window.answer(pc.localDescription.sdp) });
}`;
/** A tone on the left, nothing on the right. */
const PUBLISH = `async (parameters) => {
  const audio = (window.audio = new AudioContext());
  await audio.resume();
  const tone = new OscillatorNode(audio, { frequency: 440 });
  const merger = new ChannelMergerNode(audio, { numberOfInputs: 2 });
  const destination = new MediaStreamAudioDestinationNode(audio, { channelCount: 2 });
  tone.connect(merger, 0, 0);
  merger.connect(destination);
  tone.start();
  const pc = (window.pc = new RTCPeerConnection());
  pc.addTransceiver(destination.stream.getAudioTracks()[0], { direction: 'sendonly', streams: [destination.stream] });
  await (${CONNECT})(pc, parameters);
}`;
const PLAY = `async (parameters) => {
  const audio = (window.audio = new AudioContext());
  await audio.resume();
  const pc = (window.pc = new RTCPeerConnection());
  pc.addTransceiver('audio', { direction: 'recvonly' });
  pc.ontrack = ({ track }) => {
    const stream = new MediaStream([track]);
    // The stream is silent unless an element plays it.
    window.sink = Object.assign(new Audio(), { srcObject: stream, muted: true });
    window.sink.play();
    const splitter = new ChannelSplitterNode(audio, { numberOfOutputs: 2 });
    new MediaStreamAudioSourceNode(audio, { mediaStream: stream }).connect(splitter);
    window.meters = [0, 1].map((channel) => {
      const meter = new AnalyserNode(audio);
      splitter.connect(meter, channel);
      return meter;
    });
  };
  await (${CONNECT})(pc, parameters);
}`;
/** The levels of left and right. */
const LEVELS = `window.meters.map((meter) => {
  const samples = new Float32Array(meter.fftSize);
  meter.getFloatTimeDomainData(samples);
  return Math.hypot(...samples) / Math.sqrt(samples.length);
})`;

let browser: Browser;
let server: Server;
let media: Media;

beforeAll(async () => {
  server = createServer((_request, response) => response.setHeader('content-type', 'text/html').end('<body></body>'));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  browser = await startBrowser();
  ({ media } = await startTestMedia());
});
afterAll(async () => {
  await browser.close();
  await media.close();
  server.close();
});

async function newPage(answer: (offer: string) => Promise<string>): Promise<Page> {
  const page = await browser.newPage();
  const { port } = server.address() as AddressInfo;
  await page.goto(`http://127.0.0.1:${port}/`);
  await page.exposeFunction('answer', answer);
  // A page is silent until the user interacts with it.
  await page.mouse.click(1, 1);
  return page;
}

/** The levels of left and right at a player. */
async function heard(published: string, played: string): Promise<readonly [number, number]> {
  const made: { publication?: Publication } = {};
  const publisher = await newPage(async (offer) => {
    made.publication = await media.publish(request(offer));
    return made.publication.answer;
  });
  await publisher.evaluate(`(${PUBLISH})('${published}')`);
  const { publication } = made;
  if (!publication) throw new Error('the page has not published');
  const player = await newPage(async (offer) => (await media.play({ ...request(offer), publication })).answer);
  await player.evaluate(`(${PLAY})('${played}')`);
  const levels = (): Promise<[number, number]> => player.evaluate(LEVELS);
  await until('the left is heard', async () => (await levels())[0] > 0.1, { timeoutMs: 20_000 });
  const result = await levels();
  await Promise.all([player.close(), publisher.close(), publication.close()]);
  return result;
}

describe('a tone on the left', () => {
  it('is heard only on the left when both offers have stereo', async () => {
    const [left, right] = await heard(';stereo=1;sprop-stereo=1', ';stereo=1');
    expect(right).toBeLessThan(left / 10);
  });

  it('is heard on both sides otherwise', async () => {
    const [left, right] = await heard('', '');
    expect(right).toBeGreaterThan(left / 2);
  });
});
