import { createServer } from 'node:http';
import { describe, expect, it } from 'vitest';
import { descendants, isAlive } from '../harness/descendants.ts';
import { type RunningProcess, startProcess } from '../harness/processes.ts';
import { until } from '../harness/wait.ts';

const startDemo = (): RunningProcess => startProcess(process.execPath, ['test/demo/standalone.ts']);

describe('the demo without Kubernetes', () => {
  it('runs every step and exits 0', async () => {
    const demo = startDemo();
    expect({ code: await demo.exited, lines: demo.lines }).toMatchObject({ code: 0 });
    expect(demo.lines.at(-1)).toBe('Every step succeeded.');
  });

  it('reports a port in use, and does not mistake another program for its own server', async () => {
    const other = createServer((_request, response) => response.end('other'));
    await new Promise<void>((resolve) => other.listen(8081, '127.0.0.1', resolve));
    try {
      const demo = startDemo();
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
    const demo = startDemo();
    await until(`"${line}"`, () => demo.lines.some((text) => text.includes(line)), { timeoutMs: 40_000 });
    const started = descendants(demo.child.pid ?? 0);
    await demo.stop('SIGINT');
    expect(demo.child.exitCode).toBe(130);
    await until('all have ended', () => !started.some(isAlive), { timeoutMs: 10_000 });
  });
});
