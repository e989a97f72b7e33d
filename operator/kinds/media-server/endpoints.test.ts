import { describe, expect, it } from 'vitest';
import { mediaServer } from '../../../test/builders/sluice-objects.ts';
import { endpointsOf } from './endpoints.ts';

const NONE = { https: null, ws: null, wss: null };
const HOST = 'http://live.example';
const SERVICE = 'http://live.media.svc:8081';
const certificateRef = { name: 'tls' };
const ingress = { host: 'live.example' };
const httpRoute = { parentRefs: [{ name: 'gateway' }], hostnames: ['live.example'] };

const of = (spec: object) => endpointsOf(mediaServer({ ...spec }).spec, 'live', 'media');

describe('endpointsOf', () => {
  it.each<[string, object, object]>([
    ['a Service', {}, { ...NONE, http: SERVICE }],
    [
      'a Service with https',
      { rest: { https: { certificateRef } } },
      { ...NONE, http: SERVICE, https: 'https://live.media.svc:8444' },
    ],
    ['an ingress', { ingress: { ...ingress, certificateRef } }, { ...NONE, http: HOST, https: 'https://live.example' }],
    ['an ingress without https', { ingress }, { ...NONE, http: HOST }],
    ['an HTTPRoute', { httpRoute }, { ...NONE, http: HOST }],
    ['a Service, if the ingress is for every host', { ingress: {} }, { ...NONE, http: SERVICE }],
  ])('gives the URLs of %s', (_what, spec, endpoints) => expect(of(spec)).toEqual(endpoints));

  it.each<[string, object, object]>([
    ['ports of a Service', { webSdk: {} }, { ws: 'ws://live.media.svc:8080', wss: null }],
    [
      'ports of a Service with TLS',
      { webSdk: { http: { port: 81 }, https: { port: 444, certificateRef } } },
      { ws: 'ws://live.media.svc:81', wss: 'wss://live.media.svc:444' },
    ],
    [
      'a path of an ingress',
      { webSdk: {}, ingress: { ...ingress, certificateRef } },
      { ws: 'ws://live.example/websdk', wss: 'wss://live.example/websdk' },
    ],
    [
      'a path of an ingress without https',
      { webSdk: { https: { certificateRef } }, ingress },
      { ws: 'ws://live.example/websdk', wss: null },
    ],
    ['a path of an HTTPRoute', { webSdk: {}, httpRoute }, { ws: 'ws://live.example/websdk', wss: null }],
  ])('gives the URLs of the Web SDK as %s', (_what, spec, endpoints) => expect(of(spec)).toMatchObject(endpoints));
});
