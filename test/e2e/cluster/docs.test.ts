import { spawnSync } from 'node:child_process';
import { cp, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { selfSigned, tlsSecret } from '../../harness/certificate.ts';
import { ClusterStage } from '../../harness/cluster-stage.ts';
import { splitImage } from '../../harness/kube.ts';
import { blocksOf } from '../../harness/markdown.ts';
import { RtcClient } from '../../harness/rtc-client.ts';
import { RtspCameras } from '../../harness/sources.ts';
import { until } from '../../harness/wait.ts';

const root = join(import.meta.dirname, '../../..');
const RELEASED = /ghcr\.io\/sluice-dev\/sluice:[\w.]+/g;
let stage: ClusterStage;
let folder: string;

beforeAll(async () => {
  stage = await ClusterStage.open('docs');
  folder = await mkdtemp(join(tmpdir(), 'sluice-docs-'));
  await writeFolder(folder, stage.kube.target.image);
});

afterAll(async () => {
  await stage.kube.install();
  await stage.clear();
  await rm(folder, { recursive: true, force: true });
});

/** The embedded cluster has the image that is tested under the name of the release; another one pulls it by its own. */
const hasRelease = (): boolean => stage.kube.target.kind === 'embedded';

/** The current folder of a reader, with the tested image and a kubeconfig of one namespace. */
async function writeFolder(path: string, image: string): Promise<void> {
  await symlink(join(root, 'charts'), join(path, 'charts'));
  await mkdir(join(path, 'examples/kubernetes'), { recursive: true });
  for (const name of await readdir(join(root, 'examples/kubernetes'))) {
    const text = await readFile(join(root, 'examples/kubernetes', name), 'utf8');
    const ours = hasRelease() ? text : text.replaceAll(RELEASED, image);
    await writeFile(join(path, 'examples/kubernetes', name), ours);
  }
  const { ingress, kubeconfig } = stage.kube.target;
  await cp(kubeconfig || join(process.env['HOME'] ?? '', '.kube/config'), join(path, 'kubeconfig'));
  await writeFile(join(path, '.curlrc'), `resolve = "live.example.test:80:${ingress}"\n`);
  sh(`kubectl config set-context --current --namespace=${stage.namespace}`);
}

/** Runs commands of a page as its reader does, and returns their output. */
function sh(commands: string): string {
  const [repository, tag] = splitImage(stage.kube.target.image);
  const again = commands.replace('helm install sluice charts/sluice', 'helm upgrade --install sluice charts/sluice');
  const image = ` --set image.repository=${repository} --set image.tag=${tag}`;
  const tested = hasRelease() ? again : again.replaceAll(/^helm upgrade.*$/gm, `$&${image}`);
  const { stdout } = spawnSync('bash', ['-c', `exec 2>&1\n${tested}`], {
    cwd: folder,
    encoding: 'utf8',
    env: { ...process.env, KUBECONFIG: join(folder, 'kubeconfig'), CURL_HOME: folder },
  });
  return stdout;
}

/** Removes ages and column widths, which differ between runs. */
const likeness = (text: string): string[] =>
  text
    .trim()
    .split('\n')
    .map((line) =>
      line
        .trim()
        .replaceAll(/ {2,}/g, '  ')
        .replace(/ (\d+[smh])+$/, ' AGE')
        .replace(/ from \S+ namespace$/, ''),
    );

const PLAY_PAGE = 'curl -s -o /dev/null -w "%{http_code}" http://live.example.test/play';

describe('docs/kubernetes.md', () => {
  it('shows what its commands print, in order', { timeout: 300_000 }, async () => {
    await stage.apply(tlsSecret('live-tls', selfSigned('live.example.test')));
    const blocks = blocksOf(await readFile(join(root, 'docs/kubernetes.md'), 'utf8'));
    const shown: [string, string[], string[]][] = [];
    for (const [index, { language, text }] of blocks.entries()) {
      if (language !== 'sh') continue;
      if (text.includes('/stream/terminate')) {
        await publishAtPod(stage);
        await until('the ingress carries', () => sh(PLAY_PAGE).trim() === '200', { timeoutMs: 30_000 });
      }
      const printed = sh(text);
      if (text.includes('/stream/terminate')) expect(printed, text).toContain('"terminated":1');
      const expected = blocks[index + 1]?.language === 'text' ? blocks[index + 1]?.text : undefined;
      if (expected !== undefined) shown.push([text, likeness(printed), likeness(expected)]);
      else expect(printed, text).not.toMatch(/^Error|error:/m);
    }
    expect(shown.length).toBeGreaterThan(5);
    for (const [commands, printed, expected] of shown) expect(printed, commands).toEqual(expected);
  });
});

describe('docs/captures.md', () => {
  let cameras: RtspCameras;
  beforeAll(async () => {
    cameras = await RtspCameras.start(stage.kube.target.machine);
    sh('kubectl apply -f examples/kubernetes');
    await stage.condition('mserver/live', 'Available', 'True');
    await stage.condition('sapp/default', 'Programmed', 'True');
  });
  afterAll(async () => {
    await cameras.run.stop('SIGKILL');
    sh('kubectl delete mserver,sapp,rhook --all');
  });

  /** With the camera of the page where ours is. */
  const run = (commands: string): string => {
    const { machine } = stage.kube.target;
    const url = cameras.url('aac');
    const ours = commands.replace('rtsp://10.20.0.7/h264/main', url).replace('10.20.0.0/16', `${machine}/32`);
    return sh(ours).replaceAll(machine, '10.20.0.7');
  };

  it('shows what its commands print, in order', async () => {
    const blocks = blocksOf(await readFile(join(root, 'docs/captures.md'), 'utf8'));
    const commands = blocks.flatMap(({ language, text }, index) =>
      language === 'sh' ? [{ text, expected: likeness(blocks[index + 1]?.text ?? '') }] : [],
    );
    expect(commands.length).toBeGreaterThan(5);
    for (const { expected, text } of commands) {
      let printed = likeness(run(text));
      // The key frames of a camera are known after the second one.
      if (text.startsWith('kubectl get ')) {
        const isShown = (): boolean => {
          printed = likeness(run(text));
          return isDeepStrictEqual(printed, expected);
        };
        await until('it is shown', isShown, { timeoutMs: 10_000, everyMs: 500 }).catch(() => undefined);
      }
      expect(printed, text).toEqual(expected);
    }
  });
});

type Seen = {
  readonly what: string;
  readonly type: string;
  readonly status: string;
  readonly reason: RegExp;
  readonly message: string | null;
};

/** `sapp/default ResolvedRefs=False RefNotFound: why` */
function seenOf(line: string): Seen {
  const [, what = '', type = '', status = '', reasons = '.*', message] =
    /^(\S+) (\w+)=(\w+)(?: ([\w|]+))?(?:: (.*))?$/.exec(line) ?? [];
  return { what, type, status, reason: new RegExp(`^(${reasons})$`), message: message ?? null };
}

const mediaServer = (spec: object): object => ({
  apiVersion: 'sluice.dev/v1alpha1',
  kind: 'MediaServer',
  metadata: { name: 'live' },
  spec,
});

/** A label (RFC 1123) has at most 63 characters. */
const namespaceOf = (title: string): string =>
  `docs-${title.toLowerCase().replaceAll(/[^a-z]+/g, '-')}`.slice(0, 60).replace(/-$/, '');

/** The broken set-ups: title, manifests in the order of kubectl apply, and the expected conditions. */
async function setUps(): Promise<[string, string[], Seen[]][]> {
  const page = await readFile(join(root, 'docs/troubleshooting.md'), 'utf8');
  const sections = page
    .split(/^## /m)
    .slice(1)
    .filter((section) => section.includes('```conditions'));
  return sections.map((section) => {
    const of = (language: string): string[] =>
      [...section.matchAll(new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\`$`, 'gm'))].map(([, text = '']) => text);
    const conditions = of('conditions')
      .flatMap((text) => text.trim().split('\n'))
      .map(seenOf);
    return [section.split('\n', 1)[0] ?? '', of('yaml'), conditions];
  });
}

describe('docs/troubleshooting.md', async () => {
  const broken = await setUps();

  it('has at least ten broken set-ups', () => {
    expect(broken.length).toBeGreaterThanOrEqual(10);
  });

  it.concurrent.each(broken)('%s', { timeout: 180_000 }, async (title, yaml, conditions) => {
    const own = await ClusterStage.open(namespaceOf(title));
    try {
      if (!yaml.join('').includes('kind: MediaServer')) await own.apply(mediaServer({}));
      if (yaml[0]?.includes('certificateRef: { name: tls }')) await own.apply(tlsSecret('tls', selfSigned('live')));
      for (const text of yaml) {
        await own.apply(text);
        if (yaml.length > 1 && text === yaml[0]) await own.condition('mserver/live', 'ConfigApplied', 'True');
      }
      if (title === 'The backend does not answer') await publishAtPod(own);
      for (const each of conditions) await isSeen(own, each);
    } finally {
      await own.clear();
    }
  });

  it('shows the answer of the API server to a misspelt field', async () => {
    const page = await readFile(join(root, 'docs/troubleshooting.md'), 'utf8');
    const section = page.split('## A field is misspelt')[1] ?? '';
    const [, command = '', expected = ''] = /```sh\n([\s\S]*?)```[\s\S]*?```text\n([\s\S]*?)```/.exec(section) ?? [];
    expect(likeness(sh(command))).toEqual(likeness(expected));
  });

  it('frees a MediaServer whose operator is gone', async () => {
    await stage.apply(mediaServer({ replicas: 0 }));
    await stage.condition('mserver/live', 'Available', 'False', 'ScaledToZero');
    expect(sh(`kubectl patch mserver live --type=merge -p '{"metadata":{"finalizers":null}}'`)).toContain('patched');
  });
});

/** Publishes a stream without an ingress, directly at the pod. */
async function publishAtPod(stage: ClusterStage): Promise<void> {
  await stage.condition('sapp/default', 'Programmed', 'True');
  await stage.condition('mserver/live', 'Available', 'True');
  const [pod] = await stage.pods();
  const client = await RtcClient.publish(`http://${pod.status.podIP}:8081/whip/defaultApp/stream1`, {
    bindAddress: stage.kube.target.machine,
  });
  stage.leaves(client);
  await client.connected();
}

/** `…` stands for text that differs between runs. */
function isLike(said: string, message: string | null): boolean {
  if (message === null || said === message) return true;
  return message.includes('…') && message.split('…').every((part) => said.includes(part));
}

async function isSeen(stage: ClusterStage, { message, reason, status, type, what }: Seen): Promise<void> {
  const wanted = `${what} ${type}=${status} ${reason.source}: ${message}`;
  let last = '';
  await until(
    wanted,
    async () => {
      const { conditions = [] } = (await stage.get(what)).status ?? {};
      const found = conditions.find((each: { type: string }) => each.type === type);
      last = JSON.stringify(found);
      return found?.status === status && reason.test(found.reason) && isLike(found.message, message);
    },
    { timeoutMs: 90_000, everyMs: 200 },
  ).catch((error: unknown) => {
    throw new Error(`${wanted}; it is ${last}`, { cause: error });
  });
}
