// The source to publish: camera and microphone, or a moving test picture.

const SIZE = { width: 1280, height: 720 };

const REFUSALS = {
  NotAllowedError:
    'The browser does not allow this page to use camera and microphone. Allow it, or choose the test picture.',
  NotReadableError:
    'Camera or microphone cannot be used, perhaps because another program has them. Choose the test picture?',
};

/** Returns `{stream, remark}`: the test picture if selected or if there is no camera. Throws an error for the user. */
export async function capture(source) {
  if (source === 'test') return { stream: testPicture(), remark: 'Test picture' };
  // Browsers allow cameras only on pages from https or localhost.
  if (!navigator.mediaDevices) return { stream: testPicture(), remark: 'Test picture: cameras need https' };
  return (await device({ audio: true, video: SIZE })) ?? (await device({ video: SIZE })) ?? withoutCamera();
}

function withoutCamera() {
  return { stream: testPicture(), remark: 'Test picture: no camera was found' };
}

/** Returns null if there is no such device. */
async function device(constraints) {
  try {
    const stream = await navigator.mediaDevices.getUserMedia(constraints);
    return { stream, remark: stream.getAudioTracks().length === 0 ? 'Without sound: no microphone was found' : '' };
  } catch (error) {
    if (error.name === 'NotFoundError') return null;
    throw new Error(REFUSALS[error.name] ?? error.message, { cause: error });
  }
}

function testPicture() {
  const canvas = Object.assign(document.createElement('canvas'), SIZE);
  const context = canvas.getContext('2d');
  draw(context);
  const stream = canvas.captureStream(25);
  const timer = setInterval(() => (stream.active ? draw(context) : clearInterval(timer)), 40);
  return stream;
}

/** A clock and a moving object, so that freezes and delays are visible. */
function draw(context) {
  const { height, width } = SIZE;
  const now = new Date();
  context.fillStyle = '#0d1b2c';
  context.fillRect(0, 0, width, height);
  for (let bar = 0; bar < 24; bar++) {
    const level = 0.5 + 0.5 * Math.sin(now.getTime() / 400 + bar / 2.5);
    context.fillStyle = `hsl(${200 + bar * 3} 75% ${35 + level * 25}%)`;
    context.fillRect(80 + bar * 47, 560 - level * 150, 32, 40 + level * 150);
  }
  context.fillStyle = '#ffffff';
  context.textAlign = 'center';
  context.font = '600 130px "DejaVu Sans Mono", ui-monospace, monospace';
  context.fillText(now.toISOString().slice(11, 23), width / 2, 300);
}
