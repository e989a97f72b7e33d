import { COMMAND_NAMES, type CommandName, commandOf, GLOBAL, type Option, type Options } from './commands.ts';

/** The help of a command, or the list of commands. */
export const helpOf = (command: CommandName | null): string => (command === null ? overview() : helpOfCommand(command));

function overview(): string {
  const commands = COMMAND_NAMES.map((name): [string, string] => [name, commandOf(name).summary]);
  return `Live streams and media servers of Sluice.

Usage:
  kubectl sluice COMMAND [OPTIONS]

Commands:
${columns(commands)}
Options of all commands:
${columns(Object.entries(GLOBAL).map(rowOf))}
"kubectl sluice COMMAND --help" prints the options of a command. KUBECTL names the kubectl that is run.
`;
}

function helpOfCommand(name: CommandName): string {
  const { notes, options, summary, usage } = commandOf(name);
  return `${summary}.

Usage:
  ${`kubectl sluice ${name} ${usage}`.trimEnd()}
${section('Options', options)}${section('Options of all commands', GLOBAL)}
${notes}
`;
}

const section = (title: string, options: Options): string =>
  Object.keys(options).length === 0 ? '' : `\n${title}:\n${columns(Object.entries(options).map(rowOf))}`;

function rowOf([name, { help, short, value }]: [string, Option]): [string, string] {
  const option = `${short === undefined ? '    ' : `-${short}, `}--${name}${value === undefined ? '' : ` ${value}`}`;
  return [option, help];
}

function columns(rows: readonly (readonly [string, string])[]): string {
  const width = Math.max(...rows.map(([left]) => left.length));
  return rows.map(([left, right]) => `  ${left.padEnd(width)}   ${right}\n`).join('');
}
