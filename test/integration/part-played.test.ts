import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { Pages } from '../harness/pages.ts';
import { type RunningProcess, startProcess } from '../harness/processes.ts';
import { until } from '../harness/wait.ts';

// How real clients handle publications and offers that match only in part.

const SLOW = { timeoutMs: 20_000 };

const PYTHON = process.env['SLUICE_PYTHON'] ?? 'python3';
const TELEPHONY = ['PCMU', 'PCMA', 'G722'];

/** Debian's Python has the GStreamer bindings. */
const SYSTEM_PYTHON = '/usr/bin/python3';

let pages: Pages;
const runs: RunningProcess[] = [];

beforeAll(async () => {
  pages = await Pages.start({
    mediaServer: { media: { codecs: ['opus', 'VP8', 'H264', ...TELEPHONY] } },
    documents: TELEPHONY.map((codec) => ({
      apiVersion: 'sluice.dev/v1alpha1',
      kind: 'StreamApp',
      metadata: { name: codec.toLowerCase() },
      spec: { appKey: codec, mediaServerRef: { name: 'live' }, codecs: [codec, 'VP8'] },
    })),
  });
});

afterEach(async () => {
  for (const run of runs.splice(0)) await run.stop('SIGKILL');
  await pages.clear();
});

afterAll(() => pages?.stop());

function run(python: string, script: string, args: readonly string[]): RunningProcess {
  const started = startProcess(python, [`test/clients/${script}`, ...args]);
  runs.push(started);
  return started;
}

function says(client: RunningProcess, line: string): Promise<unknown> {
  return until(`"${line}"; so far: ${client.lines.join(' | ')}`, () => client.lines.includes(line), SLOW);
}

const whip = (name: string, app = 'defaultApp'): string => `${pages.server.url}/whip/${app}/${name}`;
const whep = (name: string, app = 'defaultApp'): string => `${pages.server.url}/whep/${app}/${name}`;

async function published(client: RunningProcess): Promise<void> {
  await says(client, 'status 201');
  await says(client, 'state connected');
}

describe.each([
  ['video', 'audio'],
  ['audio', 'video'],
])('a publication of %s without %s', (kind) => {
  it('is played by aiortc, which offers both', async () => {
    await published(run(PYTHON, 'aiortc_client.py', ['publish', whip('part'), kind]));
    const player = run(PYTHON, 'aiortc_client.py', ['play', whep('part')]);
    await says(player, 'state connected');
    await says(player, `frame ${kind}`);
  });

  it('is played by GStreamer, which offers both', async () => {
    await published(run(PYTHON, 'aiortc_client.py', ['publish', whip('part'), kind]));
    const player = run(SYSTEM_PYTHON, 'gstreamer_client.py', ['play', whep('part')]);
    await says(player, 'state connected');
    await says(player, `frame ${kind}`);
  });
});

describe('a publication of video without audio', () => {
  it('is played by Chromium, which offers both', async () => {
    await published(run(PYTHON, 'aiortc_client.py', ['publish', whip('part'), 'video']));
    await pages.play('name=part');
  });

  it('of H264 in the High profile is decoded by Chromium, which does not list that profile', async () => {
    await published(run(SYSTEM_PYTHON, 'gstreamer_client.py', ['publish-high', whip('high')]));
    await pages.play('name=high');
  });
});

describe('an offer with a data channel', () => {
  it('publishes audio and video all the same', async () => {
    await says(run(PYTHON, 'aiortc_client.py', ['publish', whip('data'), 'audio', 'video', 'data']), 'status 201');
    const player = run(PYTHON, 'aiortc_client.py', ['play', whep('data')]);
    await says(player, 'frame audio');
    await says(player, 'frame video');
  });
});

describe.each(TELEPHONY)('an app of %s', (codec) => {
  it('is published and played by aiortc, and played by Chromium', async () => {
    await published(run(PYTHON, 'aiortc_client.py', ['publish', whip('phone', codec)]));
    const player = run(PYTHON, 'aiortc_client.py', ['play', whep('phone', codec)]);
    await says(player, 'frame audio');
    await says(player, 'frame video');
    await pages.play(`app=${codec}&name=phone`);
    const codecs = (await pages.server.streams()).map(({ audioCodec, videoCodec }) => [audioCodec, videoCodec]);
    expect(codecs).toEqual(Array.from({ length: 3 }, () => [codec, 'VP8']));
  });
});
