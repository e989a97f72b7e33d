import { parseArgs } from 'node:util';
import {
  COMMAND_NAMES,
  type Command,
  type CommandName,
  commandOf,
  GLOBAL,
  isCommand,
  type Options,
} from './commands.ts';

/** Arguments that are not valid; the message names the option. */
export class BadArguments extends Error {}

export type Arguments = {
  readonly command: CommandName;
  readonly positionals: readonly string[];
  /** Each option with its values; that of a flag is `true`. */
  readonly options: ReadonlyMap<string, readonly string[]>;
};

export type Parsed =
  | ({ readonly kind: 'run' } & Arguments)
  /** Help of a command; null = the list of commands. */
  | { readonly kind: 'help'; readonly command: CommandName | null };

type Token =
  | { kind: 'option'; name: string; rawName: string; value: string | undefined; inlineValue: boolean | undefined }
  | { kind: 'positional'; value: string; index: number }
  | { kind: 'option-terminator' };

/** Reads the arguments. Options may be before and after the name of the command. Throws `BadArguments`. */
export function readArguments(args: readonly string[]): Parsed {
  if (args.length === 0) return { kind: 'help', command: null };
  const all = Object.assign({}, GLOBAL, ...COMMAND_NAMES.map((name) => commandOf(name).options)) as Options;
  const first = tokensOf(args, all).find((token) => token.kind === 'positional');
  if (!first) return withoutCommand(args);
  if (first.value === 'help') return { kind: 'help', command: helped(args[first.index + 1]) };
  const name = nameOf(first.value);
  const command = commandOf(name);
  if (command.isRaw)
    return { kind: 'run', command: name, positionals: args.slice(first.index + 1), options: new Map() };
  const tokens = tokensOf(args.toSpliced(first.index, 1), { ...GLOBAL, ...command.options });
  const options = optionsOf(tokens, name, { ...GLOBAL, ...command.options });
  if (options.has('help')) return { kind: 'help', command: name };
  const positionals = tokens.flatMap((token) => (token.kind === 'positional' ? [token.value] : []));
  checkCount(positionals, name, command);
  return { kind: 'run', command: name, positionals, options };
}

function withoutCommand(args: readonly string[]): Parsed {
  if (args.includes('--version')) return { kind: 'run', command: 'version', positionals: [], options: new Map() };
  const options = optionsOf(tokensOf(args, GLOBAL), null, GLOBAL);
  if (options.has('help')) return { kind: 'help', command: null };
  throw new BadArguments(`no command given; the commands are ${COMMAND_NAMES.join(', ')}`);
}

const helped = (name: string | undefined): CommandName | null => (name === undefined ? null : nameOf(name));

function nameOf(name: string): CommandName {
  if (isCommand(name)) return name;
  throw new BadArguments(`unknown command "${name}"; the commands are ${COMMAND_NAMES.join(', ')}`);
}

/** kubectl takes `-o=json` as well as `-ojson` and `-o json`. */
function asKubectl(args: readonly string[]): string[] {
  const end = args.indexOf('--');
  return args.map((each, index) => (end >= 0 && index > end ? each : each.replace(/^(-[A-Za-z])=/, '$1')));
}

/** Never fails, so that our own messages can name what is wrong. */
function tokensOf(args: readonly string[], options: Options): readonly Token[] {
  const config = Object.entries(options).map(([name, { short, value }]) => {
    const type: 'string' | 'boolean' = value === undefined ? 'boolean' : 'string';
    return [name, { type, ...(short === undefined ? {} : { short }) }] as const;
  });
  return parseArgs({
    args: asKubectl(args),
    options: Object.fromEntries(config),
    strict: false,
    allowPositionals: true,
    tokens: true,
  }).tokens;
}

function optionsOf(
  tokens: readonly Token[],
  command: CommandName | null,
  options: Options,
): ReadonlyMap<string, readonly string[]> {
  const values = new Map<string, string[]>();
  for (const token of tokens) {
    if (token.kind !== 'option') continue;
    const fault = faultOf(token, command, options);
    if (fault !== null) throw new BadArguments(fault);
    values.set(token.name, [...(values.get(token.name) ?? []), token.value ?? 'true']);
  }
  return values;
}

function faultOf(
  { inlineValue, name, rawName, value }: Extract<Token, { kind: 'option' }>,
  command: CommandName | null,
  options: Options,
): string | null {
  const option = Object.hasOwn(options, name) ? options[name] : undefined;
  const help = command === null ? 'kubectl sluice --help' : `kubectl sluice ${command} --help`;
  if (!option) return `${rawName}: unknown option; ${help} lists the options`;
  if (option.value === undefined) return value === undefined ? null : `${rawName}: takes no value`;
  if (value === undefined || value === '') return `${rawName}: needs a value (${option.value})`;
  const isNextOption = inlineValue === false && value.startsWith('-');
  if (isNextOption)
    return `${rawName}: needs a value (${option.value}); write ${rawName}=${value} if this is the value`;
  return wrongWord(rawName, value, option.values);
}

/** For options that take one of a few words. */
function wrongWord(rawName: string, value: string, values: unknown): string | null {
  if (!Array.isArray(values) || values.includes(value)) return null;
  return `${rawName}: must be one of ${values.join(', ')}, got "${value}"`;
}

function checkCount(positionals: readonly string[], name: CommandName, { takes, usage }: Command): void {
  const [empty] = positionals.filter((each) => each === '');
  const isRight = positionals.length >= takes.least && positionals.length <= takes.most && empty === undefined;
  if (!isRight) throw new BadArguments(`wrong number of arguments; usage: kubectl sluice ${name} ${usage}`.trimEnd());
  const { values } = takes;
  const wrong = Array.isArray(values) ? positionals.find((each) => !values.includes(each)) : undefined;
  if (wrong !== undefined) throw new BadArguments(`must be one of ${(values as string[]).join(', ')}, got "${wrong}"`);
}

/** The value of an option that counts once. Throws if it is given more often. */
export function one({ options }: Pick<Arguments, 'options'>, name: string): string | undefined {
  const values = options.get(name) ?? [];
  if (values.length > 1) throw new BadArguments(`--${name}: may be given only once`);
  return values[0];
}

export const has = ({ options }: Pick<Arguments, 'options'>, name: string): boolean => options.has(name);
