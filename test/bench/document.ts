import { execFileSync } from 'node:child_process';
import { cpus, loadavg, release, totalmem } from 'node:os';
import { type Section, verdict } from './figures.ts';
import type { Part } from './parts.ts';

/** What is measured, where and when, in words. */
export function describeRun(): string {
  const date = new Date().toISOString().slice(0, 10);
  return `${date}, ${describeRevision()}, on ${describeMachine()}`;
}

function describeMachine(): string {
  const processors = cpus();
  const model = processors[0]?.model.trim() ?? 'unknown processor';
  const memory = (totalmem() / 2 ** 30).toFixed(0);
  const [load = 0] = loadavg();
  // What follows the version is a name of whoever built the kernel.
  const [kernel] = release().split('-');
  return `${processors.length} × ${model}, ${memory} GiB, Linux ${kernel}, load average ${load.toFixed(1)} at the start`;
}

/** The commit that is measured. */
function describeRevision(): string {
  const git = (...args: string[]): string => execFileSync('git', args, { encoding: 'utf8' }).trim();
  const isChanged = git('status', '--porcelain', '--', ':!docs/performance.md') !== '';
  return `commit ${git('rev-parse', '--short', 'HEAD')}${isChanged ? ' with changes' : ''}`;
}

/** What was measured in one run, and in which. */
export type MeasuredPart = { readonly part: PagePart; readonly section: Section; readonly run: string };
type PagePart = Pick<Part, 'title' | 'notes'>;

/**
 * The page, with what was measured. Sections of other parts are kept as they are in `before`, the page that it replaces;
 * a part that was never measured has none. The order is that of `parts`.
 */
export function renderPage(parts: readonly PagePart[], measured: readonly MeasuredPart[], before: string): string {
  const sections = new Map([
    ...sectionsOf(before),
    ...measured.map((each) => [each.part.title, renderPart(each)] as const),
  ]);
  const known = parts.flatMap(({ title }) => sections.get(title) ?? []);
  return [HEAD, ...known].join('\n');
}

const HEAD = `# Performance

<!-- Written by \`make bench WRITE=docs/performance.md\`. -->

\`make bench\` measures these figures on your machine in about twenty-five minutes, and \`make bench PARTS='kick joins'\` only some.
The last part starts a cluster and needs root. \`make soak\` churns a fleet for ten minutes.

The clients, the backend and the server share the cores of one machine. Machines differ, and a virtual machine differs by half from
one day to another. Compare figures of one run, such as keep-alive with bare undici. Each section says from which run it is.
`;

/** The sections of a page by title, each with its heading. */
function sectionsOf(page: string): [string, string][] {
  const [, ...sections] = page.split(/^(?=## )/m);
  return sections.map((section) => [section.slice(3, section.indexOf('\n')), `${section.trimEnd()}\n`]);
}

function renderPart({ part, run, section }: MeasuredPart): string {
  const rows = section.figures.map(({ goal, result, what }) => row([what, result, goal ? verdict(goal) : '']));
  const notes = part.notes.trim();
  const table = ['| Measurement | Result | Goal |', '|---|---|---|', ...rows].join('\n');
  return `${[`## ${part.title}`, ...(notes === '' ? [] : [notes]), table, `Measured ${run}.`].join('\n\n')}\n`;
}

function row(cells: readonly string[]): string {
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`.replaceAll('|  |', '| |');
}
