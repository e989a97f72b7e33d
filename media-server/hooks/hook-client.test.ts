import { createServer as createTlsServer } from 'node:https';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { check, HookStage } from '../../test/builders/hook-stage.ts';
import { selfSigned } from '../../test/harness/certificate.ts';
import { freePort } from '../../test/harness/ports.ts';

let stage: HookStage;

beforeEach(async () => {
  stage = await HookStage.start();
});
afterEach(() => stage.close());

describe('https', () => {
  it('accepts the own CA, nothing without it, and everything with insecureSkipVerify', async () => {
    const pair = selfSigned('backend');
    const server = createTlsServer(pair, (request, response) => {
      request.resume();
      request.on('end', () => response.writeHead(200).end());
    });
    const port = await freePort();
    await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
    const url = `https://127.0.0.1:${port}/MyAPI`;
    const ca = new Map([['ca.crt', Buffer.from(pair.cert)]]);
    try {
      expect(await check(stage.session(stage.hookOf({ url })))).toMatchObject({ kind: 'failure', failure: 'tls' });
      const own = stage.hookOf({ url, tls: { ca: 'ca.crt', insecureSkipVerify: false } }, ca);
      expect(await check(stage.session(own))).toMatchObject({ kind: 'status', status: 200 });
      const any = stage.hookOf({ url, tls: { insecureSkipVerify: true } });
      expect(await check(stage.session(any))).toMatchObject({ kind: 'status', status: 200 });
    } finally {
      server.close();
      server.closeAllConnections();
    }
  });

  it('names a CA bundle that is missing', () => {
    const tls = { ca: 'nosuch', insecureSkipVerify: false };
    expect(() => stage.hookOf({ tls })).toThrow('RestHook "backend": CA bundle nosuch is missing');
  });
});
