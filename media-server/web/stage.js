// Shared by the publish and play pages: the form, the state line, and one session at a time.

/**
 * Finds an element that exists on the page. It is typed as any, because its type depends on the page.
 * @param {string} id
 * @returns {any}
 */
export const element = (id) => document.getElementById(id);

/** Fills the form's fields from query parameters of the same names. */
export function fillForm(form) {
  for (const [name, value] of new URLSearchParams(location.search)) {
    const field = form.elements.namedItem(name);
    if (!field) continue;
    if (field.type === 'checkbox') field.checked = value !== 'false';
    else field.value = value;
  }
}

/** URL of `whip/app/name` with encoded names, relative to this folder, so it works behind a proxy with a prefix. */
export function sessionUrl(protocol, form) {
  const { app, name } = form.elements;
  const path = `${protocol}/${encodeURIComponent(app.value)}/${encodeURIComponent(name.value)}`;
  return new URL(`../${path}`, import.meta.url).href;
}

/** Runs `start` when the form is submitted, and shows the state of the session. */
export function runStage({ form, start, words }) {
  const startButton = element('start');
  const stopButton = element('stop');
  const notice = element('notice');
  /** The current attempt. Older ones that are still in progress are stopped silently. */
  /** @type {{ session: { stop(): Promise<void> } | null } | null} */
  let current = null;

  const show = (state, text) => {
    element('state').dataset.state = state;
    element('state').textContent = text;
    const busy = state === 'connecting' || state === 'live';
    startButton.hidden = busy;
    stopButton.hidden = !busy;
    for (const field of form.elements) if (field.tagName !== 'BUTTON' && field.id !== 'layer') field.disabled = busy;
  };

  const over = (state, text, detail, again) => {
    current = null;
    const hadFocus = document.activeElement === stopButton || document.activeElement === document.body;
    show(state, text);
    element('facts').textContent = '';
    notice.textContent = detail;
    startButton.textContent = again ? words.again : words.start;
    if (hadFocus) startButton.focus();
  };

  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    /** @type {NonNullable<typeof current>} */
    const mine = { session: null };
    current = mine;
    const whileShown =
      (act) =>
      (...args) =>
        current === mine && act(...args);
    notice.textContent = '';
    show('connecting', 'Connecting…');
    stopButton.focus();
    try {
      const session = await start({
        onLive: whileShown(() => show('live', words.live)),
        onLost: whileShown(() => show('connecting', 'Connection lost, waiting for it to come back…')),
        onEnded: whileShown((info) => over('ended', `Ended: ${info}`, `The server ended this stream: ${info}`, true)),
      });
      mine.session = session;
      if (current !== mine) await session.stop();
    } catch (error) {
      if (current === mine) over('ended', 'Not started', error.message, false);
    }
  });

  stopButton.addEventListener('click', async () => {
    const stopped = current;
    current = null;
    await stopped?.session?.stop();
    over('idle', words.idle, '', true);
  });

  // Also when the page enters the back/forward cache.
  addEventListener('pagehide', () => {
    if (!current) return;
    void current.session?.stop();
    over('idle', words.idle, '', true);
  });
}

/** Shows resolution and frame rate of a video while a connection lives, after the remark. */
export function showFacts(connection, video, remark = '') {
  if (connection.connectionState === 'closed') return;
  let frames = 0;
  element('facts').textContent = remark;
  const timer = setInterval(() => {
    if (connection.connectionState === 'closed') return clearInterval(timer);
    const total = video.getVideoPlaybackQuality().totalVideoFrames;
    const rate = Math.max(0, total - frames);
    frames = total;
    const picture = video.videoWidth > 0 ? `${video.videoWidth}×${video.videoHeight}, ${rate} frames/s` : '';
    element('facts').textContent = [remark, picture].filter(Boolean).join(' · ');
  }, 1000);
}
