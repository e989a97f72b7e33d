import { execFileSync } from 'node:child_process';
import { cpus, loadavg, release, totalmem } from 'node:os';
import { type Section, verdict } from './figures.ts';
import type { Part } from './parts.ts';

/** The machine of a run, in words. */
export function describeMachine(): string {
  const processors = cpus();
  const model = processors[0]?.model.trim() ?? 'unknown processor';
  const memory = (totalmem() / 2 ** 30).toFixed(0);
  const [load = 0] = loadavg();
  return `${processors.length} × ${model}, ${memory} GiB, Linux ${release()}, load average ${load.toFixed(1)} at the start`;
}

/** The commit that is measured. */
export function describeRevision(): string {
  const git = (...args: string[]): string => execFileSync('git', args, { encoding: 'utf8' }).trim();
  const isChanged = git('status', '--porcelain', '--', ':!docs/performance.md') !== '';
  return `commit ${git('rev-parse', '--short', 'HEAD')}${isChanged ? ' with changes' : ''}`;
}

/** The page of a run. */
export function renderPage(run: Run, parts: readonly MeasuredPart[]): string {
  const head = `# Performance

<!-- Written by \`make bench WRITE=docs/performance.md\`. -->

\`make bench\` measures these figures on your machine in about twenty-five minutes, and \`make bench PARTS='kick joins'\` only some.
The last part starts a cluster and needs root. \`make soak\` churns a fleet for ten minutes.

The clients, the backend and the server share the cores of one machine. Machines differ, and a virtual machine differs by half from
one day to another. Compare figures of one run, such as keep-alive with bare undici.

This run: ${run.date}, ${run.revision}, on ${run.machine}.
`;
  return `${[head, ...parts.map(renderPart)].join('\n')}`;
}

export type Run = { readonly machine: string; readonly date: string; readonly revision: string };
export type MeasuredPart = { readonly part: Pick<Part, 'title' | 'notes'>; readonly section: Section };

function renderPart({ part, section }: MeasuredPart): string {
  const rows = section.figures.map(({ goal, result, what }) => row([what, result, goal ? verdict(goal) : '']));
  const notes = part.notes.trim();
  const table = ['| Measurement | Result | Goal |', '|---|---|---|', ...rows].join('\n');
  return `## ${part.title}\n\n${notes === '' ? '' : `${notes}\n\n`}${table}\n`;
}

function row(cells: readonly string[]): string {
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`.replaceAll('|  |', '| |');
}
