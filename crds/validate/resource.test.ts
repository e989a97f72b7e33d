import { describe, expect, it } from 'vitest';
import { type Kind, MEDIA_SERVER, REST_HOOK, STREAM_APP, STREAM_TERMINATION } from '../schema/kinds.ts';
import { validateResource } from './resource.ts';

type Fields = Readonly<Record<string, unknown>>;

function faults<S>(kind: Kind<S>, spec: Fields, over: Fields = {}): string[] {
  const document = { apiVersion: 'sluice.dev/v1alpha1', kind: kind.kind, metadata: { name: 'x' }, spec, ...over };
  const result = validateResource(kind, document);
  return result.ok ? [] : result.findings.map(({ field, reason }) => `${field}: ${reason}`);
}

const appSpec = { appKey: 'a', mediaServerRef: { name: 'live' } };
const hookSpec = { url: 'http://b/MyAPI' };
const termination = { mediaServerRef: { name: 'live' } };

describe('validateResource', () => {
  it.each<[string, string[], string[]]>([
    ['an empty MediaServer', faults(MEDIA_SERVER, {}), []],
    ['the least StreamApp', faults(STREAM_APP, appSpec), []],
    ['the least RestHook', faults(REST_HOOK, hookSpec), []],
    ['a termination of one name', faults(STREAM_TERMINATION, { ...termination, filter: { name: 's' } }), []],
    ['a termination of all', faults(STREAM_TERMINATION, { ...termination, all: true }), []],
  ])('accepts %s', (_what, found, expected) => {
    expect(found).toEqual(expected);
  });

  it.each<[string, string[], RegExp]>([
    ['a misspelt field', faults(MEDIA_SERVER, { keepalive: {} }), /^spec\.keepalive: unknown field$/],
    [
      'a misspelt field below',
      faults(MEDIA_SERVER, { keepAlive: { intervall: '1s' } }),
      /^spec\.keepAlive\.intervall: unknown/,
    ],
    [
      'no duration',
      faults(MEDIA_SERVER, { keepAlive: { interval: '10' } }),
      /^spec\.keepAlive\.interval: expected a duration such as 10s or 1m30s, got "10"$/,
    ],
    [
      'an interval below 1s',
      faults(MEDIA_SERVER, { keepAlive: { interval: '500ms' } }),
      /^spec\.keepAlive\.interval: expected at least 1s$/,
    ],
    ['a port out of range', faults(MEDIA_SERVER, { media: { port: 70000 } }), /^spec\.media\.port: .*got 70000$/],
    [
      'an unknown codec',
      faults(MEDIA_SERVER, { media: { codecs: ['H265'] } }),
      /^spec\.media\.codecs\[0\]: expected one of opus, VP8.*got "H265"$/,
    ],
    [
      'one port for two listeners',
      faults(MEDIA_SERVER, { internal: { port: 9090 } }),
      /^spec\.ops\.port: expected different ports/,
    ],
    [
      'one port for https and metrics',
      faults(MEDIA_SERVER, { rest: { https: { port: 9090, certificateRef: { name: 'tls' } } } }),
      /^spec\.ops\.port: expected different ports/,
    ],
    [
      'ingress and httpRoute',
      faults(MEDIA_SERVER, { ingress: {}, httpRoute: { parentRefs: [{}] } }),
      /^spec\.httpRoute: expected either/,
    ],
    [
      'an almost known word',
      faults(MEDIA_SERVER, { media: { announcedAddress: 'NodeExternalIp' } }),
      /^spec\.media\.announcedAddress: expected NodeExternalIP/,
    ],
    [
      'a URL as an address',
      faults(MEDIA_SERVER, { media: { announcedAddress: 'http://1.2.3.4' } }),
      /announcedAddress/,
    ],
    [
      'a URL of no ICE server',
      faults(MEDIA_SERVER, { media: { iceServers: [{ urls: ['http://x'] }] } }),
      /^spec\.media\.iceServers\[0\]\.urls\[0\]: /,
    ],
    [
      'too few maxReplicas',
      faults(MEDIA_SERVER, { autoscaling: { minReplicas: 3, maxReplicas: 2, targetStreams: 9 } }),
      /^spec\.autoscaling\.maxReplicas: /,
    ],
    ['no appKey', faults(STREAM_APP, { mediaServerRef: { name: 'live' } }), /^spec\.appKey: is missing$/],
    ['an appKey with a slash', faults(STREAM_APP, { ...appSpec, appKey: 'a/b' }), /^spec\.appKey: /],
    [
      'a wrong URL scheme',
      faults(REST_HOOK, { url: 'ftp://b' }),
      /^spec\.url: expected an http or https URL, with a port of at most 65535 if any$/,
    ],
    ['a port that is none', faults(REST_HOOK, { url: 'http://b:99999/' }), /^spec\.url: expected an http or https URL/],
    [
      'credentials in a URL, where everyone who may list apps would read them',
      faults(REST_HOOK, { url: 'https://user:pass@b/MyAPI' }),
      /^spec\.url: expected no user name or password in the URL: they go into auth$/,
    ],
    [
      'an unknown method',
      faults(REST_HOOK, { ...hookSpec, methods: [{ name: 'StreamKeepalive' }] }),
      /^spec\.methods\[0\]\.name: expected one of connect/,
    ],
    [
      'a method that is listed twice',
      faults(REST_HOOK, { ...hookSpec, methods: [{ name: 'connect' }, { name: 'connect', restPolicy: 'DISABLE' }] }),
      /^spec\.methods\[1\]\.name: "connect" is listed already$/,
    ],
    [
      'a threshold elsewhere',
      faults(REST_HOOK, { ...hookSpec, methods: [{ name: 'connect', failureThreshold: 1 }] }),
      /failureThreshold is for/,
    ],
    [
      'an overwrite of connect',
      faults(REST_HOOK, { ...hookSpec, methods: [{ name: 'connect', restOverwrite: ['name'] }] }),
      /restOverwrite is for/,
    ],
    [
      'an overwrite of sdp',
      faults(REST_HOOK, { ...hookSpec, methods: [{ name: 'playStream', restOverwrite: ['sdp'] }] }),
      /expected one of name, custom/,
    ],
    [
      'a reference that leads to another namespace',
      faults(MEDIA_SERVER, { rest: { authRef: { name: '../../kube-system/secrets/admin' } } }),
      /^spec\.rest\.authRef\.name: .*got "\.\.\/\.\.\/kube-system\/secrets\/admin"$/,
    ],
    ['auth without a Secret', faults(REST_HOOK, { ...hookSpec, auth: { type: 'basic' } }), /^spec\.auth\.secretRef: /],
    ['a timeout of nothing', faults(REST_HOOK, { ...hookSpec, timeout: '0s' }), /^spec\.timeout: /],
    ['neither filter nor all', faults(STREAM_TERMINATION, termination), /exactly one of filter and all/],
    ['filter and all', faults(STREAM_TERMINATION, { ...termination, all: true, filter: { name: 's' } }), /exactly one/],
    ['an empty filter', faults(STREAM_TERMINATION, { ...termination, filter: {} }), /^spec\.filter: /],
    [
      'a wrong apiVersion',
      faults(STREAM_APP, appSpec, { apiVersion: 'v1' }),
      /^apiVersion: expected sluice\.dev\/v1alpha1/,
    ],
    ['no name', faults(STREAM_APP, appSpec, { metadata: {} }), /^metadata\.name: /],
    ['an unknown field beside spec', faults(STREAM_APP, appSpec, { specs: {} }), /^specs: unknown field$/],
  ])('names the field of %s', (_what, found, expected) => {
    expect(found.join('\n')).toMatch(expected);
  });
});
