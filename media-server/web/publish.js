import { capture } from './capture.js';
import { startSession } from './session.js';
import { element, fillForm, runStage, sessionUrl, showFacts } from './stage.js';

const LAYERS = [
  { rid: 'l', scaleResolutionDownBy: 4 },
  { rid: 'm', scaleResolutionDownBy: 2 },
  { rid: 'h', scaleResolutionDownBy: 1 },
];

const form = element('form');
const video = element('video');
fillForm(form);

runStage({
  form,
  words: { start: 'Publish', again: 'Publish again', live: 'Live', idle: 'Not publishing' },
  start: async (callbacks) => {
    const { remark, stream } = await capture(form.elements.source.value);
    const connection = new RTCPeerConnection();
    const release = () => {
      connection.close();
      for (const track of stream.getTracks()) track.stop();
      if (video.srcObject === stream) video.srcObject = null;
    };
    try {
      video.srcObject = stream;
      addTracks(connection, stream);
      const session = await startSession(connection, sessionUrl('whip', form), form.elements.token.value, {
        ...callbacks,
        onEnded: (info) => {
          release();
          callbacks.onEnded(info);
        },
      });
      showFacts(connection, video, remark);
      return { stop: () => session.stop().finally(release) };
    } catch (error) {
      release();
      throw error;
    }
  },
});

function addTracks(connection, stream) {
  const { codec, simulcast } = form.elements;
  for (const track of stream.getTracks()) {
    const isVideo = track.kind === 'video';
    const transceiver = connection.addTransceiver(track, {
      direction: 'sendonly',
      streams: [stream],
      ...(isVideo && simulcast.checked ? { sendEncodings: LAYERS } : {}),
    });
    if (isVideo && codec.value) prefer(transceiver, codec.value);
  }
}

function prefer(transceiver, name) {
  const codecs = RTCRtpSender.getCapabilities('video')?.codecs ?? [];
  const wanted = codecs.filter(({ mimeType }) => mimeType.toLowerCase() === `video/${name.toLowerCase()}`);
  const helpers = codecs.filter(({ mimeType }) => /\/(rtx|red|ulpfec)$/i.test(mimeType));
  if (wanted.length === 0) throw new Error(`This browser cannot send ${name}.`);
  transceiver.setCodecPreferences([...wanted, ...helpers]);
}
