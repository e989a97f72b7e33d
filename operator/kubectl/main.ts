import { version } from '../../process/version.ts';
import { type Arguments, BadArguments, readArguments } from './arguments.ts';
import { captures } from './captures.ts';
import type { CommandName } from './commands.ts';
import { completeWords, completion } from './completion.ts';
import { Failure } from './failure.ts';
import { helpOf } from './help.ts';
import { status } from './status.ts';
import { streams } from './streams.ts';
import { terminal as realTerminal, type Terminal } from './terminal.ts';
import { terminate } from './terminate.ts';
import { plain } from './text.ts';
import { why } from './why.ts';

// The program `kubectl sluice`. It is distributed as one file: `make generate` bundles what this module imports.

const RUN: Readonly<Record<CommandName, (args: Arguments, terminal: Terminal) => Promise<number>>> = {
  status,
  streams,
  captures,
  terminate,
  why,
  completion,
  __complete: completeWords,
  version: async (_args, terminal) => {
    terminal.out(`kubectl-sluice ${version}\n`);
    return 0;
  },
};

/** Returns the exit status: 0, 1 for what the user cannot have, 2 for arguments that are not valid. */
async function main(args: readonly string[], terminal: Terminal): Promise<number> {
  try {
    const parsed = readArguments(args);
    if (parsed.kind === 'run') return await RUN[parsed.command](parsed, terminal);
    terminal.out(helpOf(parsed.command));
    return 0;
  } catch (error) {
    if (!(error instanceof BadArguments || error instanceof Failure)) throw error;
    terminal.err(`error: ${plain(error.message)}\n`);
    return error instanceof BadArguments ? 2 : 1;
  }
}

// kubectl port-forward is stopped when this process exits, which a signal alone would not do.
process.once('SIGINT', () => process.exit(130));
process.once('SIGTERM', () => process.exit(143));
// The reader has gone, such as `head`.
process.stdout.on('error', () => process.exit(0));

// The bundle is a function, which has no await here.
void main(process.argv.slice(2), realTerminal).then((code) => {
  process.exitCode = code;
});
