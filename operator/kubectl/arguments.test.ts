import { describe, expect, it } from 'vitest';
import { one, readArguments } from './arguments.ts';

describe('readArguments', () => {
  it.each<[string[], string, string[], Record<string, string[]>]>([
    [['status'], 'status', [], {}],
    [['status', 'live'], 'status', ['live'], {}],
    [['-n', 'media', 'streams', 'live', '-w'], 'streams', ['live'], { namespace: ['media'], watch: ['true'] }],
    [['--context=prod', 'streams', '--name', 'a b'], 'streams', [], { context: ['prod'], name: ['a b'] }],
    [['streams', '-o', 'json', '--status=PLAYING'], 'streams', [], { output: ['json'], status: ['PLAYING'] }],
    [['streams', '--name=--yes'], 'streams', [], { name: ['--yes'] }],
    [['streams', '-nmedia'], 'streams', [], { namespace: ['media'] }],
    [['streams', '-n=media', '-o=json'], 'streams', [], { namespace: ['media'], output: ['json'] }],
    [['terminate', '--id', 'a', '--id', 'b', '-y'], 'terminate', [], { id: ['a', 'b'], yes: ['true'] }],
    [['why', '--', '-x'], 'why', ['-x'], {}],
    [['--version'], 'version', [], {}],
    [['__complete', 'streams', '--na'], '__complete', ['streams', '--na'], {}],
    [['__complete', ''], '__complete', [''], {}],
  ])('reads %j', (args, command, positionals, options) => {
    const parsed = readArguments(args);
    expect(parsed).toEqual({ kind: 'run', command, positionals, options: new Map(Object.entries(options)) });
  });

  it.each<[string[], string | null]>([
    [[], null],
    [['-h'], null],
    [['--help'], null],
    [['help'], null],
    [['help', 'why'], 'why'],
    [['why', '--help'], 'why'],
    [['-h', 'terminate', 'live'], 'terminate'],
  ])('takes %j as a wish for help', (args, command) => {
    expect(readArguments(args)).toEqual({ kind: 'help', command });
  });

  it.each<[string[], string]>([
    [
      ['strems'],
      'unknown command "strems"; the commands are status, streams, captures, terminate, why, completion, version',
    ],
    [
      ['help', 'x'],
      'unknown command "x"; the commands are status, streams, captures, terminate, why, completion, version',
    ],
    [['-n', 'x'], 'no command given; the commands are status, streams, captures, terminate, why, completion, version'],
    [['constructor'], expect.stringContaining('unknown command "constructor"') as unknown as string],
    [['streams', '--foo'], '--foo: unknown option; kubectl sluice streams --help lists the options'],
    [['streams', '-x'], '-x: unknown option; kubectl sluice streams --help lists the options'],
    [['streams', '--yes'], '--yes: unknown option; kubectl sluice streams --help lists the options'],
    [['streams', '--toString'], '--toString: unknown option; kubectl sluice streams --help lists the options'],
    [['streams', '--name'], '--name: needs a value (NAME)'],
    [['streams', '--name='], '--name: needs a value (NAME)'],
    [['streams', '--name', '--app'], '--name: needs a value (NAME); write --name=--app if this is the value'],
    [['terminate', '--yes=no'], '--yes: takes no value'],
    [['streams', '-o', 'yaml'], '-o: must be one of wide, json, name, got "yaml"'],
    [['streams', '--status', 'live'], '--status: must be one of NEW, PENDING, PUBLISHING, PLAYING, got "live"'],
    [['streams', 'a', 'b'], 'wrong number of arguments; usage: kubectl sluice streams [MEDIASERVER]'],
    [['status', ''], 'wrong number of arguments; usage: kubectl sluice status [MEDIASERVER]'],
    [['why'], 'wrong number of arguments; usage: kubectl sluice why (ID | NAME) [--mediaserver NAME]'],
    [['completion', 'tcsh'], 'must be one of bash, zsh, fish, got "tcsh"'],
  ])('refuses %j', (args, message) => {
    expect(() => readArguments(args)).toThrow(expect.objectContaining({ message }));
  });
});

describe('one', () => {
  it('refuses an option that is given twice', () => {
    const options = new Map([['name', ['a', 'b']]]);
    expect(() => one({ options }, 'name')).toThrow('--name: may be given only once');
    expect(one({ options }, 'app')).toBeUndefined();
  });
});
