import { execFile, spawn, spawnSync } from 'node:child_process';
import { chmod, copyFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { ClusterStage, streamApp } from '../../harness/cluster-stage.ts';
import type { Json } from '../../harness/kube.ts';
import { blocksOf } from '../../harness/markdown.ts';
import { RtcClient } from '../../harness/rtc-client.ts';
import { until } from '../../harness/wait.ts';

const root = join(import.meta.dirname, '../../..');
const PLUGIN = join(root, 'operator/kubectl/kubectl-sluice.js');
const PAGE = join(root, 'docs/kubectl.md');
const EXECUTABLE = 0o755;
const UUID = /[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/;
let stage: ClusterStage;
/** On the PATH of kubectl. */
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sluice-kubectl-'));
  await copyFile(PLUGIN, join(folder, 'kubectl-sluice'));
  await writeFile(join(folder, 'kubectl_complete-sluice'), '#!/bin/sh\nexec kubectl-sluice __complete "$@"\n');
  await chmod(join(folder, 'kubectl_complete-sluice'), EXECUTABLE);
  stage = await ClusterStage.open('kubectl');
  await stage.live({ replicas: 2 });
  await stage.condition('mediaserver/live', 'FleetReady', 'True');
});
afterEach(async () => {
  await stage.leave();
  await until('nothing is left', async () => (await stage.terminate({ published: true })) === 404);
});
afterAll(async () => {
  await stage.clear();
  await rm(folder, { recursive: true, force: true });
});

type Ran = { readonly code: number; readonly stdout: string; readonly stderr: string };

const env = (more: Record<string, string> = {}): NodeJS.ProcessEnv => ({
  ...process.env,
  ...stage.kube.env,
  PATH: `${folder}${delimiter}${process.env['PATH']}`,
  ...more,
});

function ran(program: string, args: readonly string[], more: Record<string, string> = {}): Promise<Ran> {
  return new Promise((resolve) => {
    execFile(program, args, { env: env(more), timeout: 90_000 }, (error, stdout, stderr) => {
      resolve({ code: error ? Number(error.code ?? -1) : 0, stdout, stderr });
    });
  });
}

/** `kubectl sluice …` in the namespace of the test: kubectl finds the plugin on the PATH. */
const sluice = (...args: string[]): Promise<Ran> => ran('kubectl', ['sluice', ...args, '-n', stage.namespace]);

const lines = (text: string): string[] => text.trimEnd().split('\n');

/** Answers a question on a terminal of its own. Returns what the terminal showed. */
function answered(answer: string, args: readonly string[]): { code: number | null; shown: string } {
  const command = ['kubectl', 'sluice', ...args, '-n', stage.namespace].join(' ');
  const { status, stdout } = spawnSync('script', ['--quiet', '--return', '--command', command, '/dev/null'], {
    env: env(),
    input: `${answer}\n`,
    encoding: 'utf8',
    timeout: 90_000,
  });
  return { code: status, shown: stdout };
}

/** Publishes without the ingress, which may send all requests to one pod. */
async function publishOnAllPods(...names: readonly string[]): Promise<void> {
  const pods = await stage.pods();
  for (const [index, name] of names.entries()) {
    const { podIP } = pods[index % pods.length].status;
    const options = { bindAddress: stage.kube.target.machine };
    const client = await RtcClient.publish(`http://${podIP}:8081/whip/defaultApp/${name}`, options);
    stage.leaves(client);
    await client.connected();
  }
}

/** Pids of the port-forwards to pods of the test. */
const forwards = (): string[] =>
  spawnSync('pgrep', ['--full', '--', `--namespace=${stage.namespace} port-forward pod/live-`], { encoding: 'utf8' })
    .stdout.split('\n')
    .filter((pid) => pid !== '');

async function liveIds(): Promise<string[]> {
  return lines((await sluice('streams', '-o', 'name')).stdout).filter((id) => id !== '');
}

/** Removes what differs between runs: ids, names of pods and objects, times, addresses, and counts of single pods. */
const likeness = (text: string): string[] =>
  lines(text).map((line) =>
    line
      .replaceAll(new RegExp(UUID, 'g'), 'ID')
      .replace(/^(live-\S+ +Done ).*/, '$1COUNTS')
      .replaceAll(/live-[a-z0-9]+-[a-z0-9]{5}\b/g, 'POD')
      .replaceAll(/kubectl-[a-z0-9]{5}\b/g, 'TERMINATION')
      .replaceAll(/\d{4}-\d\d-\d\dT[\d:]+Z/g, 'TIME')
      .replaceAll(/\b\d+[smh](\d+[ms])?\b/g, 'AGE')
      .replaceAll(/http:\/\/\S+/g, 'URL')
      .replaceAll(/\bnode-\d\b/g, 'NODE')
      .replace(/^MediaServer \w+\//, 'MediaServer NAMESPACE/')
      .replaceAll(/ {2,}/g, '  '),
  );

// The first tests: others freeze pods, and calls that fail then are told for some minutes.
describe('docs/kubectl.md', () => {
  it('shows what its commands print, in order', async () => {
    const kubeconfig = join(folder, 'reader.json');
    await writeFile(kubeconfig, await stage.kube.kubectl(['config', 'view', '--raw', '--flatten', '-o', 'json']));
    const reader = { KUBECONFIG: kubeconfig };
    await ran('kubectl', ['config', 'set-context', '--current', `--namespace=${stage.namespace}`], reader);
    // Of an earlier attempt.
    await stage.kube.kubectl(['-n', stage.namespace, 'delete', 'streamterminations', '--all']);
    await stage.publish('stream1');
    await stage.play('stream1');
    await stage.publish('stream2');
    await until('the counts are new', async () => (await stage.get('mediaserver/live')).status.publications === 2, {
      timeoutMs: 60_000,
      everyMs: 500,
    });
    const blocks = blocksOf(await readFile(PAGE, 'utf8'));
    const shown: [string, string[], string[]][] = [];
    for (const [index, { language, text }] of blocks.entries()) {
      // Captures need a camera: captures.test.ts runs that command.
      if (language !== 'sh' || !text.startsWith('kubectl sluice ') || text.includes(' captures')) continue;
      const { stdout } = await ran('bash', ['-c', `exec 2>&1; ${text}`], reader);
      shown.push([text, likeness(stdout), likeness(blocks[index + 1]?.text ?? '')]);
    }
    expect(shown).toHaveLength(6);
    for (const [command, printed, expected] of shown) expect(printed, command).toEqual(expected);
  });
});

describe('status', () => {
  it('shows the fleet, its apps and hooks, and exits with 0 if nothing is wrong', async () => {
    await stage.publish('news');
    await stage.condition('resthook/backend', 'Reachable', 'True');
    const { code, stderr, stdout } = await sluice('status');
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toContain('MediaServer kubectl/live: nothing is wrong');
    expect(stdout).toContain('2 of 2 pods ready; all pods know one another');
    expect(stdout).toContain('in sync on 2 of 2 running pods');
    for (const { metadata } of await stage.pods()) expect(stdout).toContain(metadata.name);
    expect(stdout).toMatch(/^default +defaultApp +backend +True/m);
    expect(stdout).toMatch(/^backend +http\S+ +True/m);
    const json = JSON.parse((await sluice('status', 'live', '-o', 'json')).stdout);
    expect(json).toMatchObject({
      isHealthy: true,
      mediaServers: [{ name: 'live', readyReplicas: 2, podsInSync: '2/2' }],
    });
  });

  it('says what is wrong and what to do, and exits with 1', async () => {
    onTestFinished(async () => {
      await stage.kube.kubectl(['-n', stage.namespace, 'delete', 'streamapp/broken']);
      await stage.condition('mediaserver/live', 'Degraded', 'False');
    });
    await stage.apply(streamApp('broken', { restHookRef: { name: 'missing' } }));
    await stage.condition('mediaserver/live', 'Degraded', 'True');
    const { code, stdout } = await sluice('status');
    expect(code).toBe(1);
    expect(stdout).toContain('MediaServer kubectl/live: 1 problem\n');
    expect(stdout).toContain(
      'StreamApp broken: RestHook "missing" does not exist (ResolvedRefs=False, RefNotFound)\n' +
        '    → Create the object that the message names, or correct the name.\n',
    );
    expect(stdout).toContain('docs/troubleshooting.md#the-app-names-a-resthook-that-does-not-exist');
  });
});

describe('streams', () => {
  it('lists the streams of all pods as a table, JSON and ids, with the credentials of the Secret', async () => {
    await publishOnAllPods('a', 'b', 'c', 'd');
    await stage.play('a');
    const { code, stderr, stdout } = await sluice('streams');
    expect([code, stderr]).toEqual([0, '']);
    const [heading, ...rows] = lines(stdout);
    expect(heading?.split(/ {2,}/)).toEqual(['ID', 'APP', 'NAME', 'KIND', 'STATUS', 'POD', 'AGE']);
    expect(rows.map((row) => row.split(/ {2,}/).slice(1, 5))).toEqual([
      ['defaultApp', 'a', 'publication', 'PUBLISHING'],
      ['defaultApp', 'a', 'playback', 'PLAYING'],
      ...['b', 'c', 'd'].map((name) => ['defaultApp', name, 'publication', 'PUBLISHING']),
    ]);
    const pods = new Set(rows.map((row) => row.split(/ {2,}/)[5]));
    expect(pods).toEqual(new Set((await stage.pods()).map(({ metadata }) => metadata.name)));
    const json: Json[] = JSON.parse((await sluice('streams', 'live', '-o', 'json')).stdout);
    expect(json.map(({ name, published }) => [name, published])).toEqual([
      ['a', true],
      ['a', false],
      ['b', true],
      ['c', true],
      ['d', true],
    ]);
    expect(await liveIds()).toEqual(json.map(({ mediaSessionId }) => mediaSessionId));
    const wide = await sluice('streams', '--played', '-o', 'wide');
    expect(wide.stdout).toMatch(/playback.*opus +VP8 +\w+ /);
    expect(lines(wide.stdout)).toHaveLength(2);
    expect(lines((await sluice('streams', '--name=a', '--published')).stdout)).toHaveLength(2);
    expect(await sluice('streams', '--name', 'nobody')).toEqual({ code: 0, stdout: '', stderr: 'No streams found.\n' });
  });

  it('watches: prints rows that have changed, and leaves no port-forward behind', async () => {
    const client = await stage.publish('watched');
    const child = spawn('kubectl', ['sluice', 'streams', '-w', '-n', stage.namespace], { env: env() });
    const exited = new Promise((resolve) => child.once('close', resolve));
    let shown = '';
    child.stdout.on('data', (data) => {
      shown += data;
    });
    onTestFinished(() => void child.kill('SIGKILL'));
    await until('the stream is shown', () => /watched .* PUBLISHING/.test(shown), { timeoutMs: 30_000 });
    await stage.terminate({ name: 'watched' });
    await client.untilEnded();
    await until('its end is shown', () => /watched .* ENDED/.test(shown), { timeoutMs: 30_000 });
    expect(lines(shown)).toHaveLength(3);
    // It looks through another connection when the first one breaks.
    const [first] = forwards();
    process.kill(Number(first));
    await stage.publish('again');
    await until('the new stream is shown', () => /again .* PUBLISHING/.test(shown), { timeoutMs: 30_000 });
    expect(forwards()).not.toEqual([first]);
    child.kill('SIGTERM');
    await exited;
    await until('the port-forward has stopped', () => forwards().length === 0);
  });

  it('says which pod does not answer, whichever it is, and exits with 1', { timeout: 180_000 }, async () => {
    const names = ['a', 'b', 'c', 'd'];
    await publishOnAllPods(...names);
    for (const frozen of await stage.pods()) {
      await stage.signal(frozen, 'SIGSTOP');
      const { code, stderr, stdout } = await sluice('streams').finally(() => stage.signal(frozen, 'SIGCONT'));
      expect(code).toBe(1);
      expect(stderr).toContain(`not complete: could not ask ${frozen.metadata.name}.`);
      expect(stdout).not.toContain(frozen.metadata.name);
      await until('all pods answer', async () => (await sluice('streams')).code === 0, { timeoutMs: 60_000 });
    }
    expect(await liveIds()).toHaveLength(names.length);
  });
});

describe('terminate', () => {
  it('refuses without a filter, without a terminal, and says that nothing matches', async () => {
    await stage.publish('kept');
    expect(await sluice('terminate', '--yes')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('or --all to end every stream'),
    });
    expect(await sluice('terminate', '--all')).toMatchObject({ code: 2, stderr: expect.stringContaining('--yes') });
    expect(await sluice('terminate', '--name', 'nobody', '--yes')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('error: no live stream of MediaServer "live" matches: name "nobody"\n'),
    });
    onTestFinished(() => stage.patch('mediaserver/live', { spec: { rest: { emptyFilter: null } } }));
    await stage.patch('mediaserver/live', { spec: { rest: { emptyFilter: 'Refuse' } } });
    expect(await sluice('terminate', '--all', '--yes')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('failed: MediaServer "live" refuses to end all streams'),
    });
    expect(await liveIds()).toHaveLength(1);
  });

  it('shows with --dry-run what would end on each pod, and ends nothing', async () => {
    for (const name of ['a', 'b', 'c']) await stage.publish(name);
    const { code, stdout } = await sluice('terminate', '--app', 'defaultApp', '--dry-run');
    expect(code).toBe(0);
    for (const { metadata } of await stage.pods())
      expect(stdout).toMatch(new RegExp(`^${metadata.name} +Done +\\d$`, 'm'));
    expect(stdout).toContain('3 streams of MediaServer "live" would end.\n');
    expect(await liveIds()).toHaveLength(3);
  });

  it('ends with --yes what matches, and says what each pod did', async () => {
    const [ended, kept] = [await stage.publish('ended'), await stage.publish('kept')];
    const { code, stderr, stdout } = await sluice('terminate', 'live', '--name', 'ended', '--yes');
    expect(code).toBe(0);
    expect(stderr).toMatch(/^streamtermination.sluice.dev\/kubectl-\w+ created\n$/);
    expect(stdout).toContain('1 stream of MediaServer "live" ended.\n');
    await ended.untilEnded();
    expect(kept.state).toBe('connected');
    const all = await sluice('terminate', '--all', '-y', '-o', 'json');
    expect(JSON.parse(all.stdout)).toMatchObject({ phase: 'Complete', dryRun: false, matched: 1, terminated: 1 });
    await kept.untilEnded();
  });

  it('asks on a terminal, and does what the answer says', async () => {
    const client = await stage.publish('asked');
    const no = answered('n', ['terminate', '--name', 'asked']);
    expect(no.shown).toContain('End 1 stream? [y/N]');
    expect(no.shown).toContain('No stream was ended.');
    expect([no.code, client.state]).toEqual([1, 'connected']);
    const yes = answered('y', ['terminate', '--name', 'asked']);
    expect(yes.shown).toContain('1 stream of MediaServer "live" ended.');
    expect(yes.code).toBe(0);
    await client.untilEnded();
  });
});

describe('why', () => {
  it('explains a live stream, and one that a StreamTermination has ended', async () => {
    const client = await stage.publish('why');
    const [id = ''] = await liveIds();
    const live = await sluice('why', 'why');
    expect(live.code).toBe(0);
    expect(live.stdout).toContain(`Publication "why" of app "defaultApp" (${id}) is live.\n`);
    expect(live.stdout).toContain('Checked: RestHook "backend" is asked about it every 1s; a 403 ends it.\n');
    const { stderr } = await sluice('terminate', '--id', id, '--yes');
    await client.untilEnded();
    const [, name] = /streamtermination.sluice.dev\/(\S+)/.exec(stderr) ?? [];
    const ended = await sluice('why', id);
    expect(ended.code).toBe(0);
    expect(ended.stdout).toMatch(/ended \ds ago, because somebody ended it/);
    expect(ended.stdout).toContain('Cause:   rest: Stopped by rest /terminate (FAILED)\n');
    expect(ended.stdout).toContain(`By:      StreamTermination ${name}\n`);
  });

  it('explains a stream that the backend has ended', async () => {
    const client = await stage.publish('refused');
    stage.backend.refuseKeepAlive(({ name }) => name === 'refused');
    await client.untilEnded();
    const { stdout } = await sluice('why', 'refused');
    expect(stdout).toContain('because the backend answered 403 to StreamKeepAliveEvent.\n');
    const [json] = JSON.parse((await sluice('why', 'refused', '-o', 'json')).stdout);
    expect(json).toMatchObject({ kind: 'ended', stream: { name: 'refused', cause: 'keepalive' } });
    expect(json.stream.mediaSessionId).toMatch(UUID);
  });

  it('says that it knows no such stream', async () => {
    const { code, stderr } = await sluice('why', 'nobody');
    expect([code, stderr]).toEqual([1, expect.stringContaining('no live stream with the id or name "nobody"')]);
  });
});

describe('completion', () => {
  it('works through kubectl: commands, options and names', async () => {
    const completed = async (...words: string[]): Promise<string[]> =>
      lines((await ran('kubectl', ['__complete', 'sluice', ...words])).stdout).filter((line) => !line.startsWith(':'));
    expect(await completed('str')).toEqual(['streams']);
    expect(await completed('terminate', '--de')).toEqual(['--deny-for']);
    expect(await completed('status', '-n', stage.namespace, '')).toEqual(['live']);
    expect(await completed('streams', '-n', stage.namespace, '--app', 'd')).toEqual(['defaultApp']);
  });
});

describe('what kubectl cannot do', () => {
  /** A kubeconfig of somebody else, by impersonation. */
  async function kubeconfigOf(user: string): Promise<string> {
    const config = JSON.parse(await stage.kube.kubectl(['config', 'view', '--raw', '--flatten', '-o', 'json']));
    for (const each of config.users) each.user.as = user;
    const path = join(folder, `${user}.json`);
    await writeFile(path, JSON.stringify(config));
    return path;
  }

  it('is told: rights that are missing, a cluster that does not answer', async () => {
    const kubeconfig = ['--kubeconfig', await kubeconfigOf('bea')];
    const role = ['create', 'rolebinding', 'bea', '--clusterrole=sluice-operator-user', '--user=bea'];
    const nothing = await sluice('status', ...kubeconfig);
    expect(nothing.code).toBe(1);
    expect(nothing.stderr).toMatch(/user "bea" may not list \w+ here\. Ask for a role/);
    await stage.kube.kubectl(['-n', stage.namespace, ...role]);
    await stage.publish('by-bea');
    await until('the role counts', async () => (await sluice('status', ...kubeconfig)).code === 0);
    expect((await sluice('status', ...kubeconfig)).stderr).toContain(
      'The pods are missing here: user "bea" may not list',
    );
    expect(await sluice('terminate', '--all', '--dry-run', ...kubeconfig)).toMatchObject({ code: 0 });
    const streams = await sluice('streams', ...kubeconfig);
    expect([streams.code, streams.stderr]).toEqual([1, expect.stringContaining('user "bea" may not get secrets here')]);

    const editor = ['--kubeconfig', await kubeconfigOf('cleo')];
    const edit = ['create', 'rolebinding', 'cleo', '--clusterrole=edit', '--user=cleo'];
    await stage.kube.kubectl(['-n', stage.namespace, ...edit]);
    await until('the role counts', async () => (await sluice('streams', ...editor)).stdout.includes('by-bea'));
    for (const command of [['status'], ['why', 'by-bea'], ['terminate', '--name', 'by-bea', '--yes']]) {
      expect([command, (await sluice(...command, ...editor)).code]).toEqual([command, 0]);
    }

    const config = JSON.parse(await stage.kube.kubectl(['config', 'view', '--raw', '--flatten', '-o', 'json']));
    for (const { cluster } of config.clusters) cluster.server = 'https://127.0.0.1:1';
    await writeFile(join(folder, 'dead.json'), JSON.stringify(config));
    const dead = await sluice('status', '--kubeconfig', join(folder, 'dead.json'));
    expect([dead.code, dead.stderr]).toEqual([1, expect.stringContaining('the API server cannot be reached')]);
  });

  it('a MediaServer that does not exist, and the choice between several', async () => {
    expect((await sluice('streams', 'lvie')).stderr).toContain(
      'MediaServer "lvie" does not exist in the namespace; it has live',
    );
    onTestFinished(
      () => void stage.kube.kubectl(['-n', stage.namespace, 'delete', 'mediaserver/other', '--wait=false']),
    );
    await stage.apply(stage.mediaServer({ replicas: 0, ingress: null }, 'other'));
    expect((await sluice('streams')).stderr).toContain('the namespace has 2 MediaServers: name one of live, other');
  });
});
