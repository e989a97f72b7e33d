// Measures the figures of docs/performance.md.
import { appendFile, readFile, writeFile } from 'node:fs/promises';
import { loadavg } from 'node:os';
import { readOptions, runProgram, UsageError } from '../../process/command-line.ts';
import { describeRun, type MeasuredPart, renderPage } from './document.ts';
import { beginSection } from './figures.ts';
import { inOwnFolder } from './own-folder.ts';
import { PARTS, type Part } from './parts.ts';

const names = PARTS.map(({ name }) => name);
const USAGE = `Usage: make bench [PARTS='PART ...'] [WRITE=FILE]

Parts: ${names.join(', ')}; all by default. WRITE=FILE writes a Markdown page: it
replaces the sections of these parts and keeps all others.
`;

runProgram(async () => {
  const options = readOptions(process.argv.slice(2), {
    parts: { type: 'string', default: '' },
    write: { type: 'string', default: '' },
  });
  const wanted = options.parts.trim() === '' ? names : options.parts.trim().split(/[\s,]+/);
  const unknown = wanted.find((name) => !names.includes(name));
  if (unknown !== undefined) throw new UsageError(`PARTS: must be of ${names.join(', ')}, got "${unknown}"`);
  // A file that cannot be written is noticed now.
  if (options.write !== '') await appendFile(options.write, '');
  const run = describeRun();
  console.log(`${run}.`);
  const [load = 0] = loadavg();
  if (load > 1)
    console.log(`The load average is ${load.toFixed(1)}: something else is running, and figures will be worse.`);
  const parts = PARTS.filter(({ name }) => wanted.includes(name));
  const measured = await inOwnFolder(() => measure(parts, run));
  if (options.write === '') return 0;
  await writeFile(options.write, renderPage(PARTS, measured, await readFile(options.write, 'utf8')));
  return 0;
}, USAGE);

async function measure(parts: readonly Part[], run: string): Promise<MeasuredPart[]> {
  const measured: MeasuredPart[] = [];
  for (const part of parts) {
    const { report, section } = beginSection(part.title);
    console.log(`(takes about ${part.takes})`);
    await part.run(report);
    measured.push({ part, run, section });
  }
  return measured;
}
