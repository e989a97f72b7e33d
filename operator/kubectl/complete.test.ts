import { describe, expect, it } from 'vitest';
import { complete, directiveOf, globalsOf } from './complete.ts';

const COMMANDS = ['status', 'streams', 'captures', 'terminate', 'why', 'completion', 'version', 'help'];
const words = (...each: string[]) => ({ words: each, lookUp: null, prefix: '' });
const names = (lookUp: string, prefix = '') => ({ words: [], lookUp, prefix });

describe('complete', () => {
  it.each<[string[], object]>([
    [[''], words(...COMMANDS)],
    [['-n', 'media', 'st'], words(...COMMANDS)],
    [['-n', ''], names('namespaces')],
    [['--context', ''], names('contexts')],
    [['--kubeconfig', ''], names('files')],
    [['status', ''], names('mediaservers')],
    [['-n', 'streams', 'status', 'l'], names('mediaservers')],
    [['status', 'live', ''], words()],
    [['captures', ''], names('mediaservers')],
    [['captures', '-'], words('--app', '--output', '--namespace', '--context', '--kubeconfig', '--help')],
    [['captures', '--app', ''], names('appkeys')],
    [['why', ''], words()],
    [['completion', ''], words('bash', 'zsh', 'fish')],
    [['streams', '--status', ''], words('NEW', 'PENDING', 'PUBLISHING', 'PLAYING')],
    [['streams', '-o', ''], words('wide', 'json', 'name')],
    [['streams', '--output='], words('--output=wide', '--output=json', '--output=name')],
    [['streams', '--app', 'x'], names('appkeys')],
    [['streams', '--app=x'], names('appkeys', '--app=')],
    [['streams', '--name', ''], words()],
    [['status', '-'], words('--output', '--namespace', '--context', '--kubeconfig', '--help')],
  ])('%j', (args, completion) => {
    expect(complete(args)).toEqual(completion);
  });

  it('offers file names for files only', () => {
    expect([directiveOf(complete(['--kubeconfig', ''])), directiveOf(complete(['']))]).toEqual([0, 4]);
  });
});

describe('globalsOf', () => {
  it.each<[string[], Record<string, string[]>]>([
    [['streams', '-n', 'media', '--app'], { namespace: ['media'] }],
    [['--namespace=media', '--context', 'prod', 'x'], { namespace: ['media'], context: ['prod'] }],
    [['streams', '-n'], {}],
    [['--kubeconfig=/a', '--kubeconfig=/b'], { kubeconfig: ['/b'] }],
  ])('%j', (words, options) => {
    expect(Object.fromEntries(globalsOf(words))).toEqual(options);
  });
});
