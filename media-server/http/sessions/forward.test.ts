import { Readable } from 'node:stream';
import Fastify, { type FastifyInstance } from 'fastify';
import { afterEach, describe, expect, it } from 'vitest';
import type { RosterMember } from '../../../crds/schema/internal.ts';
import { createLogger } from '../../../process/logger.ts';
import { NoAnswer } from '../../fleet/ask.ts';
import type { ForwardedReply, ForwardedRequest } from '../../fleet/forward.ts';
import { handleError } from '../errors.ts';
import { forwardToFirst, originOf } from './forward.ts';

type Behaviour = { readonly status: number; readonly headers?: Record<string, string> } | NoAnswer;

const ORIGIN = { address: '192.0.2.1', isShared: false, prefix: '/media' };
const REFUSED = new NoAnswer('it refuses connections', { isRefused: true });
const LATE = new NoAnswer('it did not answer in time', { isRefused: false });
const NOT_REACHED = new NoAnswer('connect EHOSTUNREACH 10.0.0.1:9091', { isRefused: false, isUnsent: true });

const member = (pod: string): RosterMember => ({ pod, uid: pod, address: '10.0.0.1', port: 9091 });

describe('forwardToFirst', () => {
  let app: FastifyInstance;
  afterEach(() => app.close());

  /** Sends a request on to pods that behave like this, in order. */
  async function forwarded(...behaviours: readonly Behaviour[]) {
    const asked: [string, ForwardedRequest][] = [];
    const forward = async ({ pod }: RosterMember, request: ForwardedRequest): Promise<ForwardedReply> => {
      asked.push([pod, request]);
      const behaviour = behaviours[asked.length - 1];
      if (behaviour instanceof NoAnswer || !behaviour) throw behaviour;
      return { status: behaviour.status, headers: behaviour.headers ?? {}, body: Readable.from([`by ${pod}`]) };
    };
    app = Fastify();
    app.setErrorHandler(handleError(createLogger('silent'), Date.now));
    const members = behaviours.map((_, index) => member(`pod-${index}`));
    app.post('/whip/*', async (request, reply) => {
      const options = { forwarding: { forward }, origin: ORIGIN, timeoutMs: 1_000 };
      const isAnswered = await forwardToFirst(members, request, reply, options);
      return isAnswered ? reply : reply.code(418).send('answered here');
    });
    const { body, headers, statusCode } = await app.inject({
      method: 'POST',
      url: '/whip/app/name?token=x',
      headers: { 'content-type': 'application/json', 'x-forwarded-for': '203.0.113.9', 'sluice-forwarded': 'forged' },
      payload: '{}',
    });
    return { asked, body, headers, status: statusCode };
  }

  it('hands on path, query, some headers and where the request comes from', async () => {
    const { asked, body, headers, status } = await forwarded({ status: 201, headers: { location: '/x', server: 'y' } });
    expect([status, body, headers['location'], headers['server']]).toEqual([201, 'by pod-0', '/x', undefined]);
    const [, request] = asked[0] ?? [];
    expect(request).toMatchObject({ method: 'POST', url: '/whip/app/name?token=x', body: '{}', timeoutMs: 1_000 });
    expect(request?.headers).not.toHaveProperty('x-forwarded-for');
    expect(originOf({ headers: request?.headers ?? {} })).toEqual(ORIGIN);
  });

  it.each<[string, Behaviour[], number, number]>([
    ['the first one that takes it', [{ status: 201 }, { status: 201 }], 1, 201],
    ['the next one after a 503', [{ status: 503 }, { status: 201 }], 2, 201],
    ['the next one after a refused connection', [REFUSED, { status: 201 }], 2, 201],
    ['the next one if one cannot be connected to', [NOT_REACHED, { status: 409 }], 2, 409],
    ['no other one if one may have got it', [LATE, { status: 201 }], 1, 503],
    ['nobody else after the last one', [{ status: 503 }, { status: 503 }], 2, 503],
    ['nobody', [REFUSED, REFUSED], 2, 503],
    ['nobody else if a pod sends it back', [{ status: 421 }, { status: 201 }], 1, 418],
  ])('asks %s', async (_what, behaviours, asked, status) => {
    const answer = await forwarded(...behaviours);
    expect([answer.asked.length, answer.status]).toEqual([asked, status]);
  });

  it('tells clients neither names nor addresses of pods', async () => {
    const { body, headers } = await forwarded(NOT_REACHED);
    expect(body).not.toMatch(/10\.0\.0\.1|pod-0/);
    expect(headers['retry-after']).toBe('1');
  });

  it('passes an answer without content on', async () => {
    expect(await forwarded({ status: 204 })).toMatchObject({ status: 204, body: '' });
  });
});

describe('originOf', () => {
  it.each([
    ['is missing', {}],
    ['is not JSON', { 'sluice-forwarded': '%7B' }],
    ['lacks a member', { 'sluice-forwarded': encodeURIComponent('{"address":"x"}') }],
  ])('refuses a header that %s', (_what, headers) => {
    expect(() => originOf({ headers })).toThrow('sluice-forwarded: the header is missing or not valid');
  });
});
