import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import manifest from '../../package.json' with { type: 'json' };
import { aServer } from '../../test/builders/plugin-objects.ts';
import { noSuch, onlyOne } from './media-servers.ts';

const FILE = join(import.meta.dirname, 'kubectl-sluice.js');
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sluice-plugin-'));
  copyFileSync(FILE, join(folder, 'kubectl-sluice'));
});
afterEach(() => rmSync(folder, { recursive: true }));

function run(...args: string[]): { status: number | null; stdout: string; stderr: string } {
  const path = join(folder, 'kubectl-sluice');
  const env = { ...process.env, KUBECTL: join(folder, 'no-kubectl') };
  const { status, stderr, stdout } = spawnSync(path, args, { env, encoding: 'utf8' });
  return { status, stdout, stderr };
}

describe('a copy of the generated file', () => {
  it.each([null, 'module', 'commonjs'])('runs beside a package.json of the type %s', (type) => {
    if (type !== null) writeFileSync(join(folder, 'package.json'), JSON.stringify({ type }));
    expect(run('--version')).toEqual({ status: 0, stdout: `kubectl-sluice ${manifest.version}\n`, stderr: '' });
  });

  it('exits with 2 for arguments that are not valid, and with 1 for what it cannot do', () => {
    expect(run('streams', '--foo')).toEqual({
      status: 2,
      stdout: '',
      stderr: 'error: --foo: unknown option; kubectl sluice streams --help lists the options\n',
    });
    expect(run('status')).toMatchObject({
      status: 1,
      stderr: expect.stringMatching(/^error: cannot start .*no-kubectl/),
    });
  });

  it('completes, without an error if names cannot be looked up', () => {
    expect(run('__complete', 'ter')).toEqual({ status: 0, stdout: 'terminate\n:4\n', stderr: '' });
    expect(run('__complete', 'status', '')).toEqual({ status: 0, stdout: ':4\n', stderr: '' });
  });

  it('prints a script for each shell', () => {
    for (const shell of ['bash', 'zsh', 'fish']) expect(run('completion', shell).stdout).toContain('__complete');
  });
});

describe('the MediaServer', () => {
  const named = (name: string) => ({ ...aServer(), metadata: { name } });

  it('is the only one of the namespace', () => {
    expect(onlyOne([named('live')]).metadata.name).toBe('live');
    expect(() => onlyOne([])).toThrow('the namespace has no MediaServer. Choose another one with --namespace');
    expect(() => onlyOne([named('a'), named('b')])).toThrow('the namespace has 2 MediaServers: name one of a, b');
  });

  it('is missed with the names of the others', () => {
    expect(noSuch('x', [named('a')])).toBe('MediaServer "x" does not exist in the namespace; it has a');
    expect(noSuch('x', [])).toBe('MediaServer "x" does not exist in the namespace; it has none');
  });
});
