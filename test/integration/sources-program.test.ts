import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isAlive } from '../harness/descendants.ts';
import { startProcess } from '../harness/processes.ts';
import { CREDENTIALS, PROGRAM, RtspCameras, Sources } from '../harness/sources.ts';
import { until } from '../harness/wait.ts';

let cameras: RtspCameras;
beforeAll(async () => {
  cameras = await RtspCameras.start();
});
afterAll(() => cameras?.run.stop('SIGKILL'));

const [GROUP, STRANGER] = [65_532, 65_534];

/** Whether a user may connect to a unix socket. */
function connectionAs({ gid, uid }: { readonly gid: number; readonly uid: number }, socket: string): string {
  const script = `
import socket, sys
try:
    socket.socket(socket.AF_UNIX).connect(sys.argv[1])
    print("connected")
except OSError as error:
    print(error.strerror)`;
  const { stdout } = spawnSync('/usr/bin/python3', ['-c', script, socket], { uid, gid, cwd: '/', encoding: 'utf8' });
  return stdout.trim();
}

describe('the program of sources', () => {
  it('listens on a socket of its own user, in place of one that was left behind', async () => {
    const own = await Sources.start();
    expect(statSync(own.socket).mode & 0o777).toBe(0o600);
    const second = own.another();
    expect(await second.exited).toBe(1);
    expect(second.lines.join()).toContain('Address already in use');
    await own.run.stop('SIGKILL');
    const third = own.another();
    await until('the socket is taken over', async () => (await own.capture({}).ended())['reason'] === 'failed');
    await third.stop();
    expect(third.child.exitCode).toBe(0);
    expect(existsSync(own.socket)).toBe(false);
    await own.stop();
  });

  it.runIf(process.getuid?.() === 0)('lets the users of one group connect, and no others', async () => {
    const own = await Sources.start('--group', String(GROUP));
    const { gid, mode } = statSync(own.socket);
    expect({ gid, mode: mode & 0o777 }).toEqual({ gid: GROUP, mode: 0o660 });
    chmodSync(own.folder, 0o755);
    expect(connectionAs({ uid: STRANGER, gid: GROUP }, own.socket)).toBe('connected');
    expect(connectionAs({ uid: STRANGER, gid: STRANGER }, own.socket)).toBe('Permission denied');
    await own.stop();
  });

  it.each(['', 'sluice', '-1', '4294967295'])('does not start for the group "%s"', async (group) => {
    const own = startProcess(PROGRAM, ['--listen', '/nowhere/socket', '--group', group]);
    expect(await own.exited).toBe(2);
    expect(own.lines.join()).toContain('usage: sluice-sources --listen SOCKET [--group GID]');
  });

  it.each([
    { signal: 'SIGKILL', path: 'killed' },
    { signal: 'SIGTERM', path: 'stopped' },
  ] as const)('takes its captures with it at $signal, and cameras are told', async ({ path, signal }) => {
    const own = await Sources.start();
    const source = own.capture({ location: cameras.url(path, 'basic'), ...CREDENTIALS });
    await source.has('video', 10);
    const [capture = 0] = own.captures();
    expect(readFileSync(`/proc/${capture}/cmdline`, 'utf8')).toBe('sluice-sources\0--capture\0');
    const limits = readFileSync(`/proc/${capture}/limits`, 'utf8');
    expect(limits).toMatch(/core file size +0 +0 /);
    expect(limits).toMatch(/data size +201326592 +201326592 /);
    await own.run.stop(signal);
    await source.gone;
    await until('the capture has ended', () => !isAlive(capture), { timeoutMs: 2_000 });
    await until('TEARDOWN', () => cameras.count('TEARDOWN', path) === 1);
    expect(source.event('ended')).toBeUndefined();
    await own.stop();
  });

  it('ends a capture that does not end by itself', async () => {
    const own = await Sources.start();
    const source = own.capture({ location: cameras.url('silent') });
    await source.has('video', 10);
    const [capture = 0] = own.captures();
    process.kill(capture, 'SIGSTOP');
    await own.run.stop('SIGTERM');
    expect(own.run.child.exitCode).toBe(0);
    expect(isAlive(capture)).toBe(false);
    await source.gone;
    await own.stop();
  });
});

/** What taken_over.c says about its attempts on a running sluice-sources and on a file. */
function attempts(own: Sources, env: Readonly<Record<string, string>> = {}): Record<string, string> {
  const [folder, secret] = [mkdtempSync(join(tmpdir(), 'sluice-taken-over-')), join(own.folder, 'secret')];
  writeFileSync(secret, 'sesame');
  const probe = join(folder, 'taken_over');
  const flags = spawnSync('pkg-config', ['--cflags', '--libs', 'gstreamer-1.0', 'gio-2.0'], { encoding: 'utf8' });
  const files = ['test/clients/taken_over.c', 'media-server/capture/sources/confine.c'];
  const options = ['-D_GNU_SOURCE', '-o', probe, ...files, ...flags.stdout.trim().split(/\s+/)];
  expect(spawnSync('cc', options, { encoding: 'utf8' })).toMatchObject({ status: 0 });
  const args = [own.socket, secret, String(own.run.child.pid)];
  const { stdout } = spawnSync(probe, args, { encoding: 'utf8', env: { ...process.env, ...env } });
  rmSync(folder, { recursive: true });
  return Object.fromEntries(
    stdout
      .trim()
      .split('\n')
      .map((line) => line.split(': ')),
  );
}

describe('a capture that a source has taken over', () => {
  it('reaches no other capture, not the listener, and no file of its user, and makes no process', async ({
    onTestFinished,
  }) => {
    const own = await Sources.start();
    onTestFinished(() => own.stop());
    const [forbidden, denied] = ['Operation not permitted', 'Permission denied'];
    expect(attempts(own)).toEqual({
      'internet socket': 'done',
      'own file': 'done',
      thread: 'done',
      library: 'done',
      'own signal': 'done',
      connect: forbidden,
      // The listener has a stream.
      'connect a datagram': 'Protocol wrong type for socket',
      read: denied,
      write: denied,
      create: denied,
      memory: denied,
      limit: forbidden,
      trace: forbidden,
      signal: forbidden,
      owner: forbidden,
      'typed owner': forbidden,
      "owner's signal": forbidden,
      'owner by FIOSETOWN': forbidden,
      'owner by SIOCSPGRP': forbidden,
      processors: forbidden,
      scheduler: forbidden,
      'parameters of the scheduler': forbidden,
      'attributes of the scheduler': forbidden,
      priority: forbidden,
      'priority of the group': forbidden,
      'priority of files': forbidden,
      'place of memory': forbidden,
      fork: forbidden,
      'fork by a call of its own': forbidden,
      // So that libraries use clone() for threads.
      clone3: 'Function not implemented',
      remove: denied,
      execute: forbidden,
    });
    // Without being confined, all of this is possible for root, so the attempts are real.
    expect(attempts(own, { FREE: '1' })).toMatchObject({
      connect: 'done',
      read: 'done',
      memory: 'done',
      trace: 'done',
      owner: 'done',
      'owner by SIOCSPGRP': 'done',
      processors: 'done',
      'attributes of the scheduler': 'done',
      priority: 'done',
      fork: 'done',
      clone3: 'done',
    });
  });

  it('is confined from its beginning', async () => {
    const own = await Sources.start();
    const source = own.capture({ location: cameras.url('confined') });
    await source.has('video', 10);
    const status = own.captures().map((pid) => readFileSync(`/proc/${pid}/status`, 'utf8'));
    expect(status.length).toBeGreaterThan(0);
    for (const each of status) expect(each).toMatch(/^NoNewPrivs:\t1\nSeccomp:\t2$/m);
    await source.close();
    await own.stop();
  });
});
