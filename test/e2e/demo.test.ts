import { readdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { describe, expect, it } from 'vitest';
import { startProcess } from '../fixtures/harness/processes.ts';
import { until } from '../fixtures/harness/wait.ts';

/** Living processes that the process has started, and theirs, zombies left out. */
function descendants(pid: number): number[] {
  const parents = new Map<number, number>();
  for (const name of readdirSync('/proc').filter((entry) => /^\d+$/.test(entry))) {
    try {
      const [, state, parent] = readFileSync(`/proc/${name}/stat`, 'utf8').replace(/^.*\)/, '').split(' ');
      if (state !== 'Z') parents.set(Number(name), Number(parent));
    } catch {
      // It has ended meanwhile.
    }
  }
  const found = new Set([pid]);
  for (let size = 0; size !== found.size; ) {
    size = found.size;
    for (const [child, parent] of parents) if (found.has(parent)) found.add(child);
  }
  found.delete(pid);
  return [...found];
}

const alive = (pid: number): boolean => {
  try {
    return !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
};

describe('the demo', () => {
  it('tells the whole story and exits 0', async () => {
    const demo = startProcess(process.execPath, ['test/demo/main.ts']);
    expect({ code: await demo.exited, lines: demo.lines }).toMatchObject({ code: 0 });
    expect(demo.lines.at(-1)).toBe('Every step was seen.');
  });

  it('says so when a port is taken, and takes nobody else for its own server', async () => {
    const other = createServer((_request, response) => response.end('other'));
    await new Promise<void>((resolve) => other.listen(8081, '127.0.0.1', resolve));
    try {
      const demo = startProcess(process.execPath, ['test/demo/main.ts']);
      expect(await demo.exited).toBe(1);
      expect(demo.lines.join('\n')).toContain(
        'the media server cannot start: something else already answers at http://127.0.0.1:8081/',
      );
    } finally {
      other.close();
      other.closeAllConnections();
    }
  });

  it.each([
    ['the backend starts', 'The sample backend'],
    ['the media server runs', 'the media server runs'],
    ['streams are live', 'played: the picture moves'],
  ])('leaves no process behind when it is interrupted while %s', async (_when, line) => {
    const demo = startProcess(process.execPath, ['test/demo/main.ts']);
    await until(`"${line}"`, () => demo.lines.some((text) => text.includes(line)), { timeoutMs: 40_000 });
    const started = descendants(demo.child.pid ?? 0);
    await demo.stop('SIGINT');
    await until('all have ended', () => !started.some(alive), { timeoutMs: 10_000 });
  });
});
