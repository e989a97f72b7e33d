import type { Page } from 'playwright-core';

/**
 * Notes when the picture of the one video of a page changes its brightness, and when silence ends, in milliseconds of the
 * page's clock. Code of the page, as text.
 */
const WATCH = `() => {
  const seen = (window.seen = { changes: [], beeps: [] });
  const video = document.querySelector('video');
  const pen = new OffscreenCanvas(8, 8).getContext('2d', { willReadFrequently: true });
  let before = null;
  const onFrame = (_now, { expectedDisplayTime }) => {
    pen.drawImage(video, 0, 0, 8, 8);
    const { data } = pen.getImageData(0, 0, 8, 8);
    const brightness = data.reduce((sum, value) => sum + value, 0) / data.length;
    const isChange = before !== null && Math.abs(brightness - before) > 48;
    // A flash ends a moment after it has begun.
    if (isChange && expectedDisplayTime - (seen.changes.at(-1) ?? 0) > 500) seen.changes.push(expectedDisplayTime);
    before = brightness;
    video.requestVideoFrameCallback(onFrame);
  };
  video.requestVideoFrameCallback(onFrame);
  const audio = new AudioContext();
  const meter = new AnalyserNode(audio, { fftSize: 4096 });
  new MediaStreamAudioSourceNode(audio, { mediaStream: video.srcObject }).connect(meter);
  const samples = new Float32Array(meter.fftSize);
  // In seconds of the audio clock.
  let loudAt = 0;
  setInterval(() => {
    meter.getFloatTimeDomainData(samples);
    const begin = audio.currentTime - samples.length / audio.sampleRate;
    const { contextTime, performanceTime } = audio.getOutputTimestamp();
    samples.forEach((sample, index) => {
      const at = begin + index / audio.sampleRate;
      if (at <= loudAt || Math.abs(sample) < 0.05) return;
      if (at - loudAt > 0.3) seen.beeps.push(performanceTime + (at - contextTime) * 1000);
      loudAt = at;
    });
  }, 20);
}`;

type Seen = { readonly changes: readonly number[]; readonly beeps: readonly number[] };

/** Watches sound and picture of a page that plays a source in which they change together. */
export const watchLipSync = (page: Page): Promise<void> => page.evaluate(`(${WATCH})()`);

/** How much later than each change of the picture the nearest beep was, in milliseconds. */
export async function soundBehind(page: Page): Promise<number[]> {
  const { beeps, changes } = (await page.evaluate('window.seen')) as Seen;
  const lastBeep = beeps.at(-1) ?? 0;
  return changes
    .filter((change) => change < lastBeep)
    .map((change) =>
      beeps
        .map((beep) => beep - change)
        .reduce((nearest, each) => (Math.abs(each) < Math.abs(nearest) ? each : nearest)),
    );
}
