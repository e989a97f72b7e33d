import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Agent } from 'undici';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FromProgram, LONGEST_CALL } from '../../crds/schema/capture-calls.ts';
import { schemaFindings } from '../../crds/validate/resource.ts';
import { until } from '../../test/harness/wait.ts';
import { LineChannel } from './line-channel.ts';

/** A channel, and what it has received. */
class End {
  readonly channel: LineChannel;
  readonly lines: unknown[] = [];
  closed: { readonly fault: string | null } | null = null;

  constructor(channel: LineChannel) {
    this.channel = channel;
    channel.listen(
      (line) => this.lines.push(line),
      (fault) => {
        this.closed ??= { fault };
      },
    );
  }
}

/** As many captures as a program may have, each with the longest texts. A quote is two characters in JSON. */
function longestList(): FromProgram {
  const id = '"'.repeat(253);
  const captures = Array.from({ length: 2_000 }, () => ({
    ...{ uid: id, epoch: Number.MAX_SAFE_INTEGER, appKey: id, name: '"'.repeat(256), url: 'x'.repeat(2048) },
    ...{ isHeld: true, startTimeoutMs: Number.MAX_SAFE_INTEGER },
  }));
  return { captures, pullsFor: id };
}

let server: Server;
let agent: Agent;
let here: End;
let there: End;

beforeEach(async () => {
  const accepted = Promise.withResolvers<End>();
  server = createServer((request, response) => {
    response.writeHead(200);
    response.flushHeaders();
    accepted.resolve(new End(new LineChannel(request, response, LONGEST_CALL)));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  agent = new Agent();
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  here = new End(LineChannel.to(agent, origin, '/'));
  here.channel.send({ hello: 'there' });
  there = await accepted.promise;
});
afterEach(async () => {
  await agent.destroy();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

describe('a channel over an HTTP request', () => {
  it('carries values in both directions, while both are open', async () => {
    there.channel.send({ hello: 'here', text: 'x'.repeat(100_000) });
    await until('both have heard', () => here.lines.length === 1 && there.lines.length === 1);
    here.channel.send({ more: 1 });
    await until('one has heard more', () => there.lines.length === 2);
    expect(there.lines).toEqual([{ hello: 'there' }, { more: 1 }]);
    expect(here.lines).toMatchObject([{ hello: 'here' }]);
  });

  it('is closed at both ends by the server, after its last value', async () => {
    there.channel.send({ last: true });
    there.channel.close();
    await until('both are closed', () => here.closed && there.closed, { timeoutMs: 1_000 });
    expect([here.lines, here.closed?.fault]).toEqual([[{ last: true }], null]);
  });

  it('is closed at both ends by the client, after its last value', async () => {
    here.channel.send({ last: true });
    here.channel.close();
    await until('both are closed', () => here.closed && there.closed, { timeoutMs: 1_000 });
    expect(there.lines).toEqual([{ hello: 'there' }, { last: true }]);
  });

  it('carries the longest list of captures', async () => {
    const event = longestList();
    expect(schemaFindings(FromProgram, event, 'event')).toEqual([]);
    here.channel.send({ event });
    await until('it has arrived', () => there.lines.length === 2 || there.closed);
    expect([there.closed, there.lines.length]).toEqual([null, 2]);
    expect(there.lines[1]).toEqual({ event });
  });

  it('is closed by a line that is too long', async () => {
    here.channel.send({ text: 'x'.repeat(2 * LONGEST_CALL) });
    await until('it is closed', () => there.closed);
    expect(there.closed).toEqual({ fault: 'it sent a line that is too long' });
  });
});
