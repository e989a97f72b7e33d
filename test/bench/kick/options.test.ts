import { describe, expect, it } from 'vitest';
import { UsageError } from '../../../process/command-line.ts';
import { readKickOptions } from './options.ts';

const PLAY = ['--play', 'http://h/whep'];
const SERVER = [...PLAY, '--kick', 'http://h/kick'];
const LISTED = [...PLAY, '--kick', 'http://h/kick/{id}', '--list', 'http://h/list', '--ids', 'items.id'];

describe('the options of the kick benchmark', () => {
  it('start a media server of Sluice if there are none', () => {
    expect(readKickOptions([])).toEqual({
      target: null,
      players: 300,
      concurrency: 10,
      rounds: 3,
      loss: 0,
      timeoutMs: 10_000,
      address: '127.0.0.1',
    });
  });

  it('set the size', () => {
    const args = '--players 20 --concurrency 5 --rounds 1 --loss 12.5% --timeout 1m30s --media-address 10.0.0.1';
    expect(readKickOptions(args.split(' '))).toEqual({
      target: null,
      players: 20,
      concurrency: 5,
      rounds: 1,
      loss: 0.125,
      timeoutMs: 90_000,
      address: '10.0.0.1',
    });
  });

  it('name a server that ends all players by one call', () => {
    const more = ['--publish', 'https://h/whip', '--body', '{"a":1}', '--token', 't', '--header', 'X-Key: a: b'];
    expect(readKickOptions([...SERVER, ...more]).target).toEqual({
      play: 'http://h/whep',
      publish: 'https://h/whip',
      kick: { method: 'POST', url: 'http://h/kick', body: '{"a":1}' },
      list: null,
      headers: { 'x-key': 'a: b' },
      token: 't',
    });
  });

  it('name a server whose sessions are listed', () => {
    expect(readKickOptions([...LISTED, '--where', 'state=read']).target).toMatchObject({
      publish: null,
      kick: { method: 'POST', url: 'http://h/kick/{id}', body: null },
      list: {
        call: { method: 'GET', url: 'http://h/list', body: null },
        ids: ['items', 'id'],
        where: { field: 'state', text: 'read' },
      },
    });
  });

  it('take the method of a call', () => {
    const args = [
      '--kick',
      'DELETE http://h/s/{id}',
      '--list',
      'POST http://h/find',
      '--list-body',
      '{}',
      '--ids',
      'id',
    ];
    const target = readKickOptions([...PLAY, ...args]).target;
    expect(target?.kick.method).toBe('DELETE');
    expect(target?.list?.call).toEqual({ method: 'POST', url: 'http://h/find', body: '{}' });
  });

  it.each<[string, string[]]>([
    ["Unknown option '--looss'", ['--looss', '20%']],
    ['--players: must be a number from 1 to 100000, got "0"', ['--players', '0']],
    ['--rounds: must be a number from 1 to 100000, got "1.5"', ['--rounds', '1.5']],
    ['--concurrency: must be a number from 1 to 100000, got "many"', ['--concurrency', 'many']],
    ['--loss: must be a share from 0% to 100%, got "101%"', ['--loss', '101%']],
    ['--loss: must be a share from 0% to 100%, got "-1%"', ['--loss=-1%']],
    ['--loss: must be a share from 0% to 100%, got "0.2"', ['--loss', '0.2']],
    ['--timeout: must be a duration such as 60s or 1m30s, got "60"', ['--timeout', '60']],
    ['--timeout: must be a duration such as 60s or 1m30s, got "0s"', ['--timeout', '0s']],
    ['--media-address: must be an IP address, got "host"', ['--media-address', 'host']],
    ['--kick: must be set with --play', PLAY],
    ['--play: must be set with --kick', ['--kick', 'http://h/kick']],
    ['--publish: needs --play and --kick', ['--publish', 'http://h/whip']],
    ['--header: needs --play and --kick', ['--header', 'A: b']],
    ['--play: must be an http or https URL, got "h/whep"', [...SERVER, '--play', 'h/whep']],
    ['--publish: must be an http or https URL, got "rtmp://h/x"', [...SERVER, '--publish', 'rtmp://h/x']],
    ['--kick: must be an http or https URL, got "post http://h"', [...SERVER, '--kick', 'post http://h']],
    ['--kick: a GET cannot have a body', [...SERVER, '--kick', 'GET http://h', '--body', '{}']],
    ['--list: a GET cannot have a body', [...LISTED, '--list-body', '{}']],
    ['--body: must be JSON, got {a}', [...SERVER, '--body', '{a}']],
    ['--list: must be set if --kick or --body contains {id}', [...SERVER, '--kick', 'http://h/{id}']],
    ['--kick: must contain {id}, in the URL or in --body, if --list is set', [...LISTED, '--kick', 'http://h/kick']],
    ['--ids: must be set with --list, such as --ids items.id', [...SERVER, '--list', 'http://h/list']],
    ['--ids: needs --list', [...SERVER, '--ids', 'id']],
    ['--where: must be a field and its text, such as state=read, got "read"', [...LISTED, '--where', 'read']],
    ['--header: must be a name and a text, such as "X-Key: secret", got "x"', [...SERVER, '--header', 'x']],
  ])('are refused: %s', (message, args) => {
    expect(() => readKickOptions(args)).toThrow(UsageError);
    expect(() => readKickOptions(args)).toThrow(message);
  });
});
