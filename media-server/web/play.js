import { startSession } from './session.js';
import { element, fillForm, runStage, sessionUrl, showFacts } from './stage.js';

const form = element('form');
const video = element('video');
const layer = element('layer');
fillForm(form);

runStage({
  form,
  words: { start: 'Play', again: 'Play again', live: 'Playing', idle: 'Not playing' },
  start: async ({ onEnded, onLive }) => {
    const connection = new RTCPeerConnection();
    const stream = new MediaStream();
    connection.addTransceiver('audio', { direction: 'recvonly' });
    connection.addTransceiver('video', { direction: 'recvonly' });
    connection.addEventListener('track', ({ track }) => stream.addTrack(track));
    video.srcObject = stream;
    video.controls = true;
    const release = () => {
      video.srcObject = null;
      video.controls = false;
      offerLayers([]);
    };
    try {
      const session = await startSession(connection, sessionUrl('whep', form), form.elements.token.value, {
        onLive,
        onLayers: offerLayers,
        onEnded: (info) => {
          release();
          onEnded(info);
        },
      });
      layer.onchange = () => session.selectLayer(layer.value || null);
      showFacts(connection, video);
      return { stop: () => session.stop().finally(release) };
    } catch (error) {
      release();
      connection.close();
      throw error;
    }
  },
});

function offerLayers(ids) {
  element('layer-label').hidden = ids.length < 2;
  layer.replaceChildren(new Option('Best for the bandwidth', ''), ...ids.map((id) => new Option(id, id)));
}
