import { startSession } from './session.js';
import { element, fillForm, runStage, sessionUrl, showFacts } from './stage.js';

const form = element('form');
const video = element('video');
const layer = element('layer');
fillForm(form);

runStage({
  form,
  words: { start: 'Play', again: 'Play again', live: 'Playing', idle: 'Not playing' },
  start: async (callbacks) => {
    const connection = new RTCPeerConnection();
    const stream = new MediaStream();
    connection.addTransceiver('audio', { direction: 'recvonly' });
    connection.addTransceiver('video', { direction: 'recvonly' });
    connection.addEventListener('track', ({ track }) => stream.addTrack(track));
    video.srcObject = stream;
    video.controls = true;
    const release = () => {
      connection.close();
      if (video.srcObject !== stream) return;
      video.srcObject = null;
      video.controls = false;
      offerLayers([]);
    };
    try {
      const session = await startSession(connection, sessionUrl('whep', form), form.elements.token.value, {
        ...callbacks,
        onLayers: offerLayers,
        onEnded: (info) => {
          release();
          callbacks.onEnded(info);
        },
      });
      layer.onchange = () => selectLayer(session);
      showFacts(connection, video);
      return { stop: () => session.stop().finally(release) };
    } catch (error) {
      release();
      throw error;
    }
  },
});

function offerLayers(ids) {
  element('layer-label').hidden = ids.length < 2;
  layer.replaceChildren(new Option('Best for the bandwidth', ''), ...ids.map((id) => new Option(id, id)));
}

async function selectLayer(session) {
  const failed = await session.selectLayer(layer.value || null).catch((error) => error);
  element('notice').textContent = failed ? failed.message : '';
}
