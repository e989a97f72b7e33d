import { errors } from 'undici';
import { describe, expect, it } from 'vitest';
import { classify, isStale } from './failure.ts';

const coded = (code: string, cause?: Error): Error => Object.assign(new Error(code, { cause }), { code });

describe('why a backend did not answer', () => {
  it.each([
    ['ECONNREFUSED', 'refused'],
    ['EHOSTUNREACH', 'refused'],
    ['ECONNRESET', 'reset'],
    ['UND_ERR_SOCKET', 'reset'],
    ['ENOTFOUND', 'dns'],
    ['EAI_AGAIN', 'dns'],
    ['UND_ERR_CONNECT_TIMEOUT', 'timeout'],
    ['CERT_HAS_EXPIRED', 'tls'],
    ['ERR_TLS_CERT_ALTNAME_INVALID', 'tls'],
    ['ERR_SSL_WRONG_VERSION_NUMBER', 'tls'],
    ['EWHATEVER', 'other'],
  ])('%s is %s, also as the cause of another error', (code, failure) => {
    expect(classify(coded(code))).toBe(failure);
    expect(classify(new TypeError('fetch failed', { cause: coded(code) }))).toBe(failure);
  });

  it('is that of the first address if several were tried', () => {
    expect(classify(new AggregateError([coded('ECONNREFUSED'), coded('ETIMEDOUT')]))).toBe('refused');
  });

  it.each([undefined, null, 'x', new Error('no code')])('%j counts as other', (error) => {
    expect(classify(error)).toBe('other');
  });
});

describe('a connection found closed', () => {
  const closed = (bytesRead: number) =>
    Object.assign(new errors.SocketError('other side closed'), { socket: { bytesRead } });

  it('is stale if it carried an answer before', () => {
    expect([isStale(closed(100)), isStale(closed(0)), isStale(coded('ECONNRESET'))]).toEqual([true, false, false]);
  });
});
