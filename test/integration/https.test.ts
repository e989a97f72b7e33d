import { request } from 'node:https';
import { describe, expect, it } from 'vitest';
import { selfSigned } from '../harness/certificate.ts';
import { TestServer } from '../harness/media-server.ts';
import { freePort } from '../harness/ports.ts';
import { RtcClient } from '../harness/rtc-client.ts';
import { until } from '../harness/wait.ts';

/** Status of a GET that trusts one certificate only. */
function statusOver(port: number, ca: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const call = request({ host: '127.0.0.1', port, path: '/rest-api/app/find_all', ca, agent: false }, (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    });
    call.once('error', reject);
    call.end();
  });
}

const secretOf = ({ cert, key }: { cert: string; key: string }) => ({
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: { name: 'tls' },
  type: 'kubernetes.io/tls',
  data: { 'tls.crt': Buffer.from(cert).toString('base64'), 'tls.key': Buffer.from(key).toString('base64') },
});

describe('https', () => {
  it('serves the certificate of the Secret and rotates it without a restart or a lost stream', async () => {
    const [first, second] = [selfSigned('first'), selfSigned('second')];
    const port = await freePort();
    const server = await TestServer.start({
      mediaServer: { rest: { https: { port, certificateRef: { name: 'tls' } } } },
      documents: [secretOf(first)],
    });
    const client = await RtcClient.publish(`${server.url}/whip/defaultApp/a`);
    try {
      await client.connected();
      expect(await statusOver(port, first.cert)).toBe(200);
      await expect(statusOver(port, second.cert)).rejects.toThrow();

      const texts = [first, second].map((pair) => secretOf(pair).data);
      await server.edit((text) =>
        text
          .replace(texts[0]?.['tls.crt'] ?? '', texts[1]?.['tls.crt'] ?? '')
          .replace(texts[0]?.['tls.key'] ?? '', texts[1]?.['tls.key'] ?? ''),
      );
      await until('the new certificate is served', () => statusOver(port, second.cert).catch(() => null));
      expect(client.state).toBe('connected');

      // A key that does not match is refused, and the valid pair stays in use.
      await server.edit((text) => text.replace(texts[1]?.['tls.key'] ?? '', texts[0]?.['tls.key'] ?? ''));
      await until('the refusal is logged', () =>
        server.log.some(({ msg }) => String(msg).startsWith('the new config is refused')),
      );
      expect(await statusOver(port, second.cert)).toBe(200);
    } finally {
      client.close();
      await server.stop();
    }
  });
});
