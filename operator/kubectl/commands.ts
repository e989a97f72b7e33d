import type { MediaProvider, StreamStatus } from '../../crds/schema/stream.ts';

/** What the value of an option can be completed with: fixed words, or names that kubectl knows. */
export type Values = readonly string[] | 'mediaservers' | 'appkeys' | 'namespaces' | 'contexts' | 'files';

export type Option = {
  /** The name of the value in the help. Absent = the option takes no value. */
  readonly value?: string;
  readonly short?: string;
  readonly help: string;
  readonly values?: Values;
};
export type Options = Readonly<Record<string, Option>>;

export type Command = {
  readonly summary: string;
  /** What comes after the name of the command. */
  readonly usage: string;
  /** The positional arguments, with what they can be completed with. */
  readonly takes: { readonly least: number; readonly most: number; readonly values?: Values };
  readonly options: Options;
  /** More lines of the help. */
  readonly notes: string;
  /** Left out of lists of commands. */
  readonly hidden?: boolean;
  /** Passes everything after the name on as it is. */
  readonly isRaw?: boolean;
};

/** The statuses that a filter can match. */
export const STATUSES = ['NEW', 'PENDING', 'PUBLISHING', 'PLAYING'] as const satisfies readonly StreamStatus[];
const PROVIDERS = ['WebRTC', 'RTSP', 'RTMP', 'SRT'] as const satisfies readonly MediaProvider[];
const SHELLS = ['bash', 'zsh', 'fish'] as const;

/** Options of every command. All but the help are passed on to kubectl. */
export const GLOBAL = {
  namespace: { value: 'NAME', short: 'n', help: 'Namespace of the MediaServer', values: 'namespaces' },
  context: { value: 'NAME', help: 'Context of the kubeconfig', values: 'contexts' },
  kubeconfig: { value: 'FILE', help: 'Path of the kubeconfig', values: 'files' },
  help: { short: 'h', help: 'Print the help of a command' },
} as const satisfies Options;

const output = (...values: string[]): Option => ({
  value: values.join('|'),
  short: 'o',
  help: 'Output format',
  values,
});

/** Options that select streams. They are those of StreamTermination and of the REST API. */
export const FILTERS = {
  id: { value: 'ID', help: 'Only the stream with this id; may be repeated' },
  session: { value: 'ID', help: 'Only the stream of this session' },
  name: { value: 'NAME', help: 'Only streams with this name' },
  app: { value: 'KEY', help: 'Only streams of the app with this key', values: 'appkeys' },
  published: { help: 'Only publications' },
  played: { help: 'Only playbacks' },
  status: { value: 'STATUS', help: `Only streams with this status: ${STATUSES.join(', ')}`, values: STATUSES },
  provider: { value: 'NAME', help: `Only streams from there: ${PROVIDERS.join(', ')}`, values: PROVIDERS },
} as const satisfies Options;

const SERVER = { least: 0, most: 1, values: 'mediaservers' } as const;
const DEFAULT_SERVER = 'MEDIASERVER may be left out if the namespace has only one.';

export const COMMANDS = {
  status: {
    summary: 'Show a fleet, its config and hooks, what is wrong, and what to do',
    usage: '[MEDIASERVER]',
    takes: SERVER,
    options: { output: output('json') },
    notes: `Without MEDIASERVER, shows all MediaServers of the namespace. Reads objects of Kubernetes only.

Exit status: 0 if nothing is wrong, 1 if something is wrong or could not be read, 2 for bad arguments.`,
  },
  streams: {
    summary: 'List the live streams of all pods',
    usage: '[MEDIASERVER]',
    takes: SERVER,
    options: {
      ...FILTERS,
      watch: { short: 'w', help: 'Look every 2 seconds, and print what has changed' },
      output: output('wide', 'json', 'name'),
    },
    notes: `${DEFAULT_SERVER} With several filters, a stream must match all of them.

Asks the REST API of one pod through kubectl port-forward, which answers for all pods. Needs the permission to create
pods/portforward, and to get the Secret of spec.rest.authRef. With -o name, prints ids.

Exit status: 0 if the list is complete, also if it is empty; 1 if it is not complete; 2 for bad arguments.`,
  },
  captures: {
    summary: 'List captures with their states, and say how to start those again that were ended',
    usage: '[MEDIASERVER]',
    takes: SERVER,
    options: {
      app: { ...FILTERS.app, help: 'Only captures of the app with this key' },
      output: output('wide', 'json', 'name'),
    },
    notes: `Without MEDIASERVER, lists all StreamCaptures of the namespace. Reads objects of Kubernetes only. With -o name, prints
names that kubectl takes.

Exit status: 0 if the list could be read, whatever the states are; 1 if not; 2 for bad arguments.`,
  },
  terminate: {
    summary: 'End streams, after showing how many and asking',
    usage: '[MEDIASERVER] (FILTERS | --all)',
    takes: SERVER,
    options: {
      ...FILTERS,
      all: { help: 'End every stream of the MediaServer' },
      'dry-run': { help: 'Only show how many streams would end' },
      yes: { short: 'y', help: 'End them without the dry run and without asking' },
      'deny-for': { value: 'DURATION', help: 'Also deny the same clients the same streams for this time, such as 60s' },
      timeout: { value: 'DURATION', help: 'Time in which all pods must answer (default 1m)' },
      output: output('json'),
    },
    notes: `${DEFAULT_SERVER} With several filters, a stream must match all of them.

Creates a StreamTermination, so it needs no credentials of the REST API.

Exit status: 0 if streams have ended (with --dry-run: would end); 1 if none matched, a pod did not answer, or the answer
to the question was no; 2 for bad arguments.`,
  },
  why: {
    summary: 'Explain why a stream is live, or why it has ended',
    usage: '(ID | NAME) [--mediaserver NAME]',
    takes: { least: 1, most: 1 },
    options: {
      mediaserver: { value: 'NAME', help: 'MediaServer of the stream', values: 'mediaservers' },
      app: FILTERS.app,
      published: FILTERS.published,
      played: FILTERS.played,
      limit: { value: 'COUNT', help: 'Explain at most this many streams (default 5)' },
      output: output('json'),
    },
    notes: `ID is the id of a stream or of its session. Live streams come first, then those that ended last.
Each pod remembers the last 100 streams that ended, until its container stops. Needs the same permissions as streams.

Exit status: 0 if the stream was found, 1 if not, 2 for bad arguments.`,
  },
  completion: {
    summary: 'Print the completion script of a shell',
    usage: '(bash | zsh | fish)',
    takes: { least: 1, most: 1, values: SHELLS },
    options: {},
    notes: `The script completes the command kubectl-sluice. For "kubectl sluice", kubectl runs an executable
kubectl_complete-sluice on the PATH, with these two lines:

  #!/bin/sh
  exec kubectl-sluice __complete "$@"`,
  },
  version: {
    summary: 'Print the version of this program',
    usage: '',
    takes: { least: 0, most: 0 },
    options: {},
    notes: 'The same as --version.',
  },
  __complete: {
    summary: 'Print what can come next, for the completion of shells',
    usage: 'WORDS...',
    takes: { least: 0, most: Infinity },
    options: {},
    notes: '',
    hidden: true,
    isRaw: true,
  },
} as const satisfies Record<string, Command>;
export type CommandName = keyof typeof COMMANDS;

/** The same table, for code that does not depend on a command. */
export const commandOf = (name: CommandName): Command => COMMANDS[name];
export const isCommand = (name: string): name is CommandName => Object.hasOwn(COMMANDS, name);
export const COMMAND_NAMES = (Object.keys(COMMANDS) as CommandName[]).filter((name) => !commandOf(name).hidden);
