import type { Arguments } from './arguments.ts';
import { type Completion, complete, directiveOf, globalsOf } from './complete.ts';
import { SCRIPTS } from './completion-scripts.ts';
import { Kubectl } from './kubectl.ts';
import type { StreamApp } from './objects.ts';
import type { Terminal } from './terminal.ts';
import { plain } from './text.ts';

/** `completion`: prints the script of a shell. */
export async function completion({ positionals }: Arguments, terminal: Terminal): Promise<number> {
  const [shell] = positionals;
  terminal.out(SCRIPTS[shell as keyof typeof SCRIPTS]);
  return 0;
}

/** `__complete`: prints what the last word can be, one per line, then a directive, as kubectl's plugins do. */
export async function completeWords({ positionals }: Arguments, terminal: Terminal): Promise<number> {
  const last = positionals.at(-1) ?? '';
  const found = complete(positionals);
  // Whatever goes wrong, a completion prints nothing into the command line.
  const names = await lookUp(found, positionals).catch(() => []);
  const all = [...found.words, ...names.map((name) => `${found.prefix}${name}`)];
  const fitting = all.filter((word) => word.startsWith(last));
  terminal.out([...fitting.map(plain), `:${directiveOf(found)}`].map((line) => `${line}\n`).join(''));
  return 0;
}

const QUICKLY = '--request-timeout=3s';

async function lookUp({ lookUp: what }: Completion, words: readonly string[]): Promise<readonly string[]> {
  if (what === null || what === 'files') return [];
  const kubectl = new Kubectl({ options: globalsOf(words.slice(0, -1)) });
  if (what === 'contexts') return linesOf(await kubectl.run(['config', 'get-contexts', '--output=name']));
  if (what === 'appkeys') {
    const apps = await kubectl.list<StreamApp>('streamapps', QUICKLY);
    return [...new Set(apps.map(({ spec }) => spec.appKey))];
  }
  const names = linesOf(await kubectl.run(['get', what, '--output=name', QUICKLY]));
  return names.map((name) => name.replace(/^.*\//, ''));
}

const linesOf = (text: string): string[] => text.split('\n').filter((line) => line !== '');
