import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { selfSigned } from '../harness/certificate.ts';
import { blocksOf } from '../harness/markdown.ts';
import { TestServer } from '../harness/media-server.ts';
import { freePort } from '../harness/ports.ts';
import { startProcess } from '../harness/processes.ts';
import { until } from '../harness/wait.ts';
import { sdkFolder, WebSdkPages } from '../harness/websdk-pages.ts';

const root = join(import.meta.dirname, '../..');
const PAGE = join(root, 'docs/wcs-pages.md');
const NAME = 'streamName';

/** Runs nginx as the page says, with other ports, files and addresses. Returns the ports of the pages and the sockets. */
async function startNginx(server: TestServer): Promise<{ pages: number; sockets: number }> {
  const folder = await mkdtemp(join(tmpdir(), 'sluice-nginx-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const [pages, sockets] = [await freePort(), await freePort()];
  const { cert, key } = selfSigned('pages.example.com');
  const [site = '', shared = ''] = blocksOf(await readFile(PAGE, 'utf8'))
    .filter(({ language }) => language === 'nginx')
    .map(({ text }) => text);
  const changes: readonly [string, string][] = [
    ['listen 443 ssl', `listen 127.0.0.1:${pages} ssl`],
    ['listen 8443 ssl', `listen 127.0.0.1:${sockets} ssl`],
    ['/var/www/websdk', sdkFolder('2.0.276')],
    ['127.0.0.1:8081', new URL(server.url).host],
    ['127.0.0.1:8080', new URL(server.socketUrl).host],
  ];
  for (const [text] of changes) expect(site).toContain(text);
  const ours = changes.reduce((text, [from, to]) => text.replaceAll(from, to), site.replaceAll('/etc/nginx', folder));
  const files = { 'site.conf': ours, 'websdk.conf': shared, 'tls.crt': cert, 'tls.key': key, 'nginx.conf': MAIN };
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
  const program = process.env['SLUICE_NGINX'] ?? 'nginx';
  const nginx = startProcess(program, ['-p', folder, '-c', 'nginx.conf', '-e', 'stderr']);
  onTestFinished(() => nginx.stop());
  await until('nginx listens', () => isOpen(pages)).catch((cause: unknown) => {
    throw new Error(nginx.lines.join('\n'), { cause });
  });
  return { pages, sockets };
}

/** What a distribution has around the configuration of a site. */
const MAIN = `
daemon off;
pid nginx.pid;
events {}
http {
  types { text/html html; text/javascript js; text/css css; }
  access_log off;
  ${['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) => `${name}_temp_path temp;`).join('\n  ')}
  include site.conf;
}`;

const isOpen = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => resolve(true));
    socket.once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });

describe('docs/wcs-pages.md', () => {
  it('puts pages and sockets behind nginx', async () => {
    const server = await TestServer.start({ mediaServer: { webSdk: {} } });
    onTestFinished(() => server.stop());
    const ports = await startNginx(server);
    const pages = await WebSdkPages.start('2.0.276', { origin: `https://127.0.0.1:${ports.pages}` });
    onTestFinished(() => pages.stop());
    const publisher = await pages.streaming(`wss://127.0.0.1:${ports.pages}/websdk`, NAME);
    await publisher.publish();
    const player = await pages.player(`wss://127.0.0.1:${ports.sockets}`, NAME);
    await player.play();
    expect((await server.terminate({ name: NAME, published: true })).status).toBe(200);
    await publisher.shows({ status: 'FAILED', info: 'Stopped by rest /terminate' });
    await player.shows({ status: 'FAILED', info: 'Stopped by publisher stop' });
  });
});
