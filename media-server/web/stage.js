// What the publish and the play page share: the form, the state line, and one session at a time.

export const element = (id) => document.getElementById(id);

/** The form's values; fields of the same name in the page's query fill it at the start. */
export function fillForm(form) {
  for (const [name, value] of new URLSearchParams(location.search)) {
    const field = form.elements.namedItem(name);
    if (!field) continue;
    if (field.type === 'checkbox') field.checked = value !== 'false';
    else field.value = value;
  }
}

/** `/whip/app/name` with what the names may contain. */
export function sessionUrl(protocol, form) {
  const { app, name } = form.elements;
  return `/${protocol}/${encodeURIComponent(app.value)}/${encodeURIComponent(name.value)}`;
}

/** Runs `start` when the form is sent and shows what becomes of the session. */
export function runStage({ form, start, words }) {
  const startButton = element('start');
  const stopButton = element('stop');
  const notice = element('notice');
  let session = null;

  const show = (state, text) => {
    element('state').dataset.state = state;
    element('state').textContent = text;
    const busy = state === 'connecting' || state === 'live';
    startButton.hidden = busy;
    stopButton.hidden = !busy;
    for (const field of form.elements) if (field.tagName !== 'BUTTON' && field.id !== 'layer') field.disabled = busy;
  };

  const over = (state, text, detail, again) => {
    session = null;
    show(state, text);
    element('facts').textContent = '';
    notice.textContent = detail;
    startButton.textContent = again ? words.again : words.start;
    startButton.focus();
  };

  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    notice.textContent = '';
    show('connecting', 'Connecting…');
    try {
      session = await start({
        onLive: () => show('live', words.live),
        onEnded: (info) => over('ended', `Ended: ${info}`, `The server ended this stream: ${info}`, true),
      });
      if (element('state').dataset.state === 'connecting') stopButton.focus();
    } catch (error) {
      over('ended', 'Not started', error.message, false);
    }
  });
  stopButton.addEventListener('click', async () => {
    await session?.stop();
    over('idle', words.idle, '', true);
  });
  addEventListener('pagehide', () => session?.stop());
}

/** Shows resolution and frame rate of a video while a connection lives. */
export function showFacts(connection, video) {
  let frames = 0;
  const timer = setInterval(() => {
    if (connection.connectionState === 'closed') return clearInterval(timer);
    const total = video.getVideoPlaybackQuality().totalVideoFrames;
    const rate = Math.max(0, total - frames);
    frames = total;
    if (video.videoWidth > 0)
      element('facts').textContent = `${video.videoWidth}×${video.videoHeight}, ${rate} frames/s`;
  }, 1000);
}
