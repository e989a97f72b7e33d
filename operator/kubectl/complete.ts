import {
  COMMAND_NAMES,
  type Command,
  type CommandName,
  commandOf,
  GLOBAL,
  isCommand,
  type Options,
  type Values,
} from './commands.ts';

/** What the last word can be. */
export type Completion = {
  readonly words: readonly string[];
  /** Names that must be looked up. */
  readonly lookUp: Exclude<Values, readonly string[]> | null;
  /** Before each of the looked up names, such as `--name=`. */
  readonly prefix: string;
};

const words = (...each: readonly string[]): Completion => ({ words: each, lookUp: null, prefix: '' });
const NOTHING = words();

/** What can come as the last of these words, the arguments after `kubectl sluice`. Pure. */
export function complete(args: readonly string[]): Completion {
  const last = args.at(-1) ?? '';
  const before = args.slice(0, -1);
  const { command, options, positionals } = readSoFar(before);
  const awaited = valueAwaited(before.at(-1), options);
  if (awaited) return ofValues(awaited.values, '');
  const inline = /^(--[\w-]+)=/.exec(last)?.[1];
  if (inline !== undefined) return ofValues(options[inline.slice(2)]?.values, `${inline}=`);
  if (last.startsWith('-')) return words(...Object.keys(options).map((name) => `--${name}`));
  if (command === null) return words(...COMMAND_NAMES, 'help');
  return ofPositional(commandOf(command), positionals);
}

/** The option before the last word, if it waits for a value. */
function valueAwaited(word: string | undefined, options: Options) {
  if (word === undefined || word.includes('=')) return undefined;
  const found = Object.entries(options).find(([name, { short }]) => word === `--${name}` || word === `-${short}`)?.[1];
  return found?.value === undefined ? undefined : found;
}

function readSoFar(before: readonly string[]): { command: CommandName | null; options: Options; positionals: number } {
  let command: CommandName | null = null;
  let options: Options = GLOBAL;
  let positionals = 0;
  for (const [index, word] of before.entries()) {
    if (word.startsWith('-') || valueAwaited(before[index - 1], options)) continue;
    if (command !== null) positionals += 1;
    else if (isCommand(word)) {
      command = word;
      options = { ...commandOf(word).options, ...GLOBAL };
    }
  }
  return { command, options, positionals };
}

function ofPositional({ takes }: Command, positionals: number): Completion {
  return positionals < takes.most ? ofValues(takes.values, '') : NOTHING;
}

function ofValues(values: Values | undefined, prefix: string): Completion {
  if (values === undefined) return NOTHING;
  if (typeof values === 'string') return { words: [], lookUp: values, prefix };
  return words(...values.map((word) => `${prefix}${word}`));
}

/** Directives of the completion of kubectl: 4 = no file names, 0 = file names as well. */
export const directiveOf = ({ lookUp }: Completion): number => (lookUp === 'files' ? 0 : 4);

const GLOBALS = Object.entries(GLOBAL as Options).filter(([, { value }]) => value !== undefined);

/** The namespace, context and kubeconfig that words name. They may not be valid arguments yet. Pure. */
export function globalsOf(words: readonly string[]): ReadonlyMap<string, readonly string[]> {
  const found = GLOBALS.flatMap(([name, { short }]) => {
    const value = words.flatMap((word, index) => valueIn(word, words[index + 1], name, short) ?? []).at(-1);
    return value === undefined ? [] : [[name, [value]] as const];
  });
  return new Map(found);
}

function valueIn(word: string, next: string | undefined, name: string, short: string | undefined): string | undefined {
  if (word.startsWith(`--${name}=`)) return word.slice(name.length + 3);
  return word === `--${name}` || (short !== undefined && word === `-${short}`) ? next : undefined;
}
