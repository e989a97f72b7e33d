import { spawnSync } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { END_CAUSES } from '../../crds/schema/end-causes.ts';
import { KINDS, type Kind } from '../../crds/schema/kinds.ts';
import { validateResource } from '../../crds/validate/resource.ts';
import { readSessionLayer } from '../../media-server/hooks/method-config.ts';
import { CLOSINGS } from '../../media-server/websdk/closings.ts';
import { UPGRADE_REFUSALS } from '../../media-server/websdk/upgrades.ts';
import { readKickOptions } from '../bench/kick/options.ts';
import { type Block, blocksOf } from '../harness/markdown.ts';
import { TestServer } from '../harness/media-server.ts';
import { freePort } from '../harness/ports.ts';
import { type RunningProcess, startProcess } from '../harness/processes.ts';
import { RtcClient } from '../harness/rtc-client.ts';
import { until } from '../harness/wait.ts';

type StreamIds = { readonly mediaSessionId: string; readonly sessionId: string };
type PageBlock = Block & { readonly page: string };

const root = join(import.meta.dirname, '../..');
const pages = [
  'README.md',
  ...(await readdir(join(root, 'docs'))).filter((name) => name.endsWith('.md')).map((name) => `docs/${name}`),
];
const texts = new Map(
  await Promise.all(
    pages.map(async (page): Promise<[string, string]> => [page, await readFile(join(root, page), 'utf8')]),
  ),
);
const blocks: PageBlock[] = [...texts].flatMap(([page, text]) => blocksOf(text).map((block) => ({ ...block, page })));
const of = (language: string): PageBlock[] => blocks.filter((block) => block.language === language);

/** True for a benchmark of a server that the tests do not start: it is not at the port of our examples. */
const isForeign = ({ text }: Block): boolean => text.includes('--play') && !text.includes('127.0.0.1:8081');

describe('the YAML of the docs', () => {
  it.each(of('yaml').map((block, index) => [`${block.page} #${index}`, block.text]))('%s is valid', (_page, text) => {
    for (const document of parseAllDocuments(text)) {
      const value: { kind?: string } = document.toJS();
      const kind = KINDS.find((each) => each.kind === value.kind) as Kind<never> | undefined;
      if (kind) expect(validateResource(kind, { ...value })).toMatchObject({ ok: true });
    }
  });
});

describe('the JSON of the docs', () => {
  it('of restClientConfig is valid as a whole', () => {
    const block = of('json').find(({ text }) => text.includes('restClientConfig'));
    expect(readSessionLayer(JSON.parse(block?.text ?? '')).findings).toEqual([]);
  });
});

describe('the commands of the docs', () => {
  let server: TestServer;
  let backend: RunningProcess;
  let backendPort: number;
  const clients: RtcClient[] = [];

  beforeAll(async () => {
    backendPort = await freePort();
    backend = startProcess(process.execPath, ['examples/backend/backend.ts', String(backendPort)]);
    // Only the commands end streams, not a check.
    server = await TestServer.start({ hookUrl: `http://127.0.0.1:${backendPort}/MyAPI`, keepAliveInterval: '10m' });
    await until('the backend runs', () => backend.lines.length > 0);
  });

  afterAll(async () => {
    for (const client of clients) client.close();
    await server?.stop();
    await backend?.stop();
  });

  /** Publishes and plays `stream1`, as the pages assume. */
  async function openStreams(): Promise<{ publication: StreamIds; playback: StreamIds }> {
    const find = async (published: boolean): Promise<StreamIds | undefined> =>
      ((await server.streams()) as (StreamIds & { published: boolean })[]).find((each) => each.published === published);
    const open = async (opening: Promise<RtcClient>): Promise<void> => {
      const client = await opening;
      clients.push(client);
      await client.connected();
    };
    if (!(await find(true))) await open(RtcClient.publish(`${server.url}/whip/defaultApp/stream1`));
    if (!(await find(false))) await open(RtcClient.play(`${server.url}/whep/defaultApp/stream1`));
    const [publication, playback] = [await find(true), await find(false)];
    if (!publication || !playback) throw new Error('stream1 is not live');
    return { publication, playback };
  }

  // The commands of the pages on Kubernetes run on a cluster (test/e2e/cluster/docs.test.ts).
  const commands = of('sh')
    .filter(({ page }) => page !== 'docs/kubernetes.md')
    .flatMap(({ page, text }) =>
      text
        .split('\n')
        .filter((line) => line.startsWith('curl '))
        .map((line): [string, string] => [page, line]),
    );

  it.each(commands)('%s: %s', async (_page, command) => {
    const { playback, publication } = await openStreams();
    const own = command
      .replaceAll('http://127.0.0.1:8081', server.url)
      .replaceAll('http://127.0.0.1:9090', server.opsUrl)
      .replaceAll('http://127.0.0.1:8088', `http://127.0.0.1:${backendPort}`)
      .replaceAll('PUBLICATION_ID', publication.mediaSessionId)
      .replaceAll('PLAYBACK_ID', playback.mediaSessionId)
      .replaceAll('SESSION_ID', playback.sessionId);
    const { status, stdout } = spawnSync('bash', ['-c', `${own} -w '\\n%{http_code}'`], { encoding: 'utf8' });
    expect(status).toBe(0);
    expect(Number(stdout.split('\n').at(-1)), stdout).toSatisfy((code: number) => code >= 200 && code < 300);
  });

  const benchmarks = of('sh').filter(({ page }) => page === 'docs/kick-benchmark.md');
  const [foreign, own] = [benchmarks.filter(isForeign), benchmarks.filter((block) => !isForeign(block))];

  it.each(own.map(({ text }, index) => [index, text]))(
    'kick players, example %d',
    { timeout: 100_000 },
    (_index, text) => {
      const small = '--players 5 --rounds 1';
      const command = text
        .replaceAll('http://127.0.0.1:8081', server.url)
        .replace(/^make kick(?: ARGS='(.*)')?$/m, `make kick ARGS='$1 ${small}'`)
        .replace(/(main\.ts) /, `$1 ${small} `);
      const { stderr, stdout, status } = spawnSync('bash', ['-c', command], { encoding: 'utf8', cwd: root });
      expect(status, stdout + stderr).toBe(0);
      expect(stdout).toMatch(/^5 players of [\s\S]*^all .* 5 +0 /m);
    },
  );

  it('kick players of servers that do not run here: the options are valid', () => {
    expect(foreign.length).toBe(1);
    for (const { text } of foreign) {
      const script = text.replace(/^scripts\/run.sh node \S+/, "printf '%s\\n'");
      const { stdout } = spawnSync('bash', ['-c', script], { encoding: 'utf8' });
      expect(readKickOptions(stdout.trimEnd().split('\n')).target?.list).not.toBeNull();
    }
  });

  it('name make targets that exist', async () => {
    const makefile = await readFile(join(root, 'Makefile'), 'utf8');
    const targets = of('sh').flatMap(({ text }) =>
      [...text.matchAll(/^make ([\w-]+)/gm)].map(([, target = '']) => target),
    );
    expect(targets.length).toBeGreaterThan(2);
    for (const target of targets) expect(makefile).toMatch(new RegExp(`^${target}:`, 'm'));
  });
});

describe('the tables of the docs', () => {
  it('have every cause with its texts', () => {
    const page = (texts.get('docs/hooks.md') ?? '').replace(/ +/g, ' ');
    for (const [cause, { info, play, publish }] of Object.entries(END_CAUSES)) {
      const status = publish === play ? publish : `${publish} / ${play}`;
      expect(page).toContain(`| \`${cause}\` | ${status} | ${info} |`);
    }
  });

  it('have every reason to close a socket of the Web SDK', () => {
    const page = texts.get('docs/migrating-from-wcs.md') ?? '';
    const [, section = ''] = page.split('### When the server closes a socket');
    const reasons = [...(section.split('\n## ')[0] ?? '').matchAll(/^\| `(\w+)` \|/gm)].map(([, reason]) => reason);
    expect(reasons.slice(1)).toEqual([...UPGRADE_REFUSALS, ...Object.keys(CLOSINGS)]);
  });

  it.each([
    ['media-server', 15],
    ['operator', 9],
  ])('have every metric of the %s', async (program, atLeast) => {
    const page = texts.get('docs/metrics.md') ?? '';
    const source = await readFile(join(root, program, 'metrics.ts'), 'utf8');
    const prefixes = 'sluice|controller_runtime|workqueue|leader_election|rest_client';
    const names = [...source.matchAll(new RegExp(`'((?:${prefixes})_\\w+)'`, 'g'))].map(([, name = '']) => name);
    expect(names.length).toBeGreaterThan(atLeast);
    for (const name of names) expect(page).toContain(`\`${name}\``);
  });
});

describe('the backend in PHP, as the docs print it', () => {
  it('is the file in examples', async () => {
    expect(of('php').map(({ text }) => text)).toEqual([
      await readFile(join(root, 'examples/backend/backend.php'), 'utf8'),
    ]);
  });

  it('stops a playback, a publication, and both', async ({ onTestFinished }) => {
    const folder = await mkdtemp(join(tmpdir(), 'sluice-php-'));
    onTestFinished(() => rm(folder, { recursive: true, force: true }));
    const file = join(folder, 'backend.php');
    const denied = join(folder, 'denied.txt');
    await writeFile(file, of('php')[0]?.text ?? '');
    const port = await freePort();
    const php = startProcess('php', ['-S', `127.0.0.1:${port}`, file], { cwd: folder });
    onTestFinished(() => php.stop());
    const server = await TestServer.start({ hookUrl: `http://127.0.0.1:${port}/MyAPI` });
    onTestFinished(() => server.stop());
    const connected = async (client: RtcClient): Promise<RtcClient> => {
      onTestFinished(() => client.close());
      await client.connected();
      return client;
    };
    const publish = async () => connected(await RtcClient.publish(`${server.url}/whip/defaultApp/stream1`));
    const play = async () => connected(await RtcClient.play(`${server.url}/whep/defaultApp/stream1`));

    const publisher = await publish();
    const player = await play();
    await writeFile(denied, 'play stream1\n');
    await player.ended();
    expect(publisher.state).toBe('connected');
    await writeFile(denied, 'publish stream1\n');
    await publisher.ended();
    await writeFile(denied, '');
    const again = [await publish(), await play()];
    await writeFile(denied, 'play stream1\npublish stream1\n');
    for (const client of again) await client.ended();
    await until('no stream is left', async () => (await server.streams()).length === 0);
  });
});
