import { describe, expect, it } from 'vitest';
import { type Kind, MEDIA_SERVER, REST_HOOK, STREAM_APP } from '../schema/kinds.ts';
import { validateResource } from './resource.ts';

type Fields = Readonly<Record<string, unknown>>;

function faults<S>(kind: Kind<S>, spec: Fields, over: Fields = {}): string[] {
  const document = { apiVersion: 'sluice.dev/v1alpha1', kind: kind.kind, metadata: { name: 'x' }, spec, ...over };
  const result = validateResource(kind, document);
  return result.ok ? [] : result.findings.map(({ field, reason }) => `${field}: ${reason}`);
}

const appSpec = { appKey: 'a', mediaServerRef: { name: 'live' } };
const hookSpec = { url: 'http://b/MyAPI' };

describe('validateResource', () => {
  it.each<[string, string[], string]>([
    ['a misspelt field', faults(MEDIA_SERVER, { keepalive: {} }), 'spec.keepalive: unknown field'],
    ['a missing field', faults(STREAM_APP, { mediaServerRef: { name: 'live' } }), 'spec.appKey: is missing'],
    [
      'a text',
      faults(MEDIA_SERVER, { keepAlive: { interval: '500ms' } }),
      'spec.keepAlive.interval: must be a duration such as 10s or 1m30s, from 1s to 24h, got "500ms"',
    ],
    [
      'an enum',
      faults(MEDIA_SERVER, { media: { codecs: ['H265'] } }),
      'spec.media.codecs[0]: must be one of opus, VP8, VP9, H264, AV1, PCMU, PCMA, G722, got "H265"',
    ],
    [
      'a password in a URL, which a log must not have',
      faults(REST_HOOK, { url: 'http://ann:sesame@b/MyAPI' }),
      'spec.url: must not contain a user name or password; use auth instead, got "http://***@b/MyAPI"',
    ],
    [
      'a duplicate entry',
      faults(MEDIA_SERVER, { media: { codecs: ['VP8', 'VP8'] } }),
      'spec.media.codecs[1]: "VP8" is listed already',
    ],
    [
      'an entry with a duplicate key',
      faults(REST_HOOK, { ...hookSpec, methods: [{ name: 'connect' }, { name: 'connect', restPolicy: 'DISABLE' }] }),
      'spec.methods[1]: "connect" is listed already',
    ],
    [
      'a rule on an object',
      faults(REST_HOOK, { ...hookSpec, methods: [{ name: 'publishStream', restPolicy: 'OVERWRITE' }] }),
      'spec.methods[0]: restPolicy OVERWRITE needs restOverwrite with at least one field',
    ],
    [
      'a rule across fields',
      faults(MEDIA_SERVER, { rest: { http: { port: 9090 } } }),
      'spec.rest.http.port: must differ from ops.port, internal.port',
    ],
    [
      'a rule between optional fields',
      faults(MEDIA_SERVER, { webSdk: { http: { port: 8081 } } }),
      'spec.webSdk.http.port: must differ from ops.port, internal.port, rest.http.port, rest.https.port',
    ],
    [
      'a missing certificate',
      faults(MEDIA_SERVER, { webSdk: { https: {} } }),
      'spec.webSdk.https.certificateRef: must be set unless rest.https is set',
    ],
    [
      'a wrong apiVersion',
      faults(STREAM_APP, appSpec, { apiVersion: 'v1' }),
      'apiVersion: must be sluice.dev/v1alpha1, got "v1"',
    ],
    [
      'no name',
      faults(STREAM_APP, appSpec, { metadata: {} }),
      'metadata.name: must be a name in lower case such as live, got nothing',
    ],
    ['an unknown field beside spec', faults(STREAM_APP, appSpec, { specs: {} }), 'specs: unknown field'],
  ])('says what is wrong with %s', (_what, found, expected) => {
    expect(found).toEqual([expected]);
  });
});
