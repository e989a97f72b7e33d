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
  start: async ({ onEnded, onLive }) => {
    const { codec, simulcast, token } = form.elements;
    const stream = await capture();
    const release = () => {
      for (const track of stream.getTracks()) track.stop();
      video.srcObject = null;
    };
    video.srcObject = stream;
    const connection = new RTCPeerConnection();
    for (const track of stream.getTracks()) {
      const isVideo = track.kind === 'video';
      const sendEncodings = isVideo && simulcast.checked ? LAYERS : undefined;
      const transceiver = connection.addTransceiver(track, {
        direction: 'sendonly',
        streams: [stream],
        ...(sendEncodings ? { sendEncodings } : {}),
      });
      if (isVideo && codec.value) prefer(transceiver, codec.value);
    }
    try {
      const session = await startSession(connection, sessionUrl('whip', form), token.value, {
        onLive,
        onEnded: (info) => {
          release();
          onEnded(info);
        },
      });
      showFacts(connection, video);
      return { stop: () => session.stop().finally(release) };
    } catch (error) {
      release();
      connection.close();
      throw error;
    }
  },
});

/** Camera and microphone; a moving test picture where there is no camera. */
async function capture() {
  try {
    return await navigator.mediaDevices.getUserMedia({ audio: true, video: { width: 1280, height: 720 } });
  } catch {
    return testPicture();
  }
}

function testPicture() {
  const canvas = Object.assign(document.createElement('canvas'), { width: 1280, height: 720 });
  const context = canvas.getContext('2d');
  const draw = () => {
    context.fillStyle = `hsl(${(Date.now() / 40) % 360} 45% 40%)`;
    context.fillRect(0, 0, canvas.width, canvas.height);
    context.fillStyle = 'white';
    context.font = '120px system-ui, sans-serif';
    context.fillText(new Date().toISOString().slice(11, 23), 330, 400);
  };
  draw();
  const stream = canvas.captureStream(25);
  const timer = setInterval(() => (stream.active ? draw() : clearInterval(timer)), 40);
  return stream;
}

function prefer(transceiver, name) {
  const { codecs } = RTCRtpSender.getCapabilities('video');
  const wanted = ({ mimeType }) => mimeType.toLowerCase() === `video/${name.toLowerCase()}`;
  const helper = ({ mimeType }) => /\/(rtx|red|ulpfec)$/i.test(mimeType);
  transceiver.setCodecPreferences([...codecs.filter(wanted), ...codecs.filter(helper)]);
}
