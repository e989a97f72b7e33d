import { describe, expect, it } from 'vitest';
import { captureSpec, secretSource } from '../../test/builders/captures.ts';
import { mediaServer } from '../../test/builders/sluice-objects.ts';
import type { SecretSource } from './assets.ts';
import {
  capturePush,
  orderGeneration,
  pullSettings,
  renderCapture,
  renderSource,
  secretOf,
  urlOf,
} from './capture-order.ts';

const ALLOW = [{ cidr: '10.20.0.0/16', except: ['10.20.9.0/24'] }];

type Fields = Readonly<Record<string, unknown>>;

function rendered(spec: Fields = {}, uid = 'uid-gate') {
  const valid = captureSpec(spec);
  const source = renderSource(valid, new Map());
  if (typeof source === 'string') throw new Error(source);
  return renderCapture({
    uid,
    generation: 1,
    restart: '',
    epoch: 3,
    spec: valid,
    appKey: 'defaultApp',
    allow: ALLOW,
    source,
  });
}

const sourceOf = (spec: Fields, secrets: Readonly<Record<string, SecretSource>>) =>
  renderSource(captureSpec(spec), new Map(Object.entries(secrets)));

const rtsp = { url: 'rtsp://10.20.0.7/main', credentialsRef: { name: 'cam' } };
const rtmp = { url: 'rtmp://10.20.0.8/live/gate', credentialsRef: { name: 'cam' } };
const srt = { url: 'srt://10.20.0.9:9000', passphraseRef: { name: 'srt' } };
const CAM = secretSource({ username: 'admin', password: 'ses ame\n' });

describe('renderCapture', () => {
  it('renders a capture with all defaults', () => {
    expect(rendered()).toEqual({
      uid: 'uid-gate',
      generation: 2 ** 20,
      epoch: 3,
      appKey: 'defaultApp',
      name: 'gate',
      source: { kind: 'rtsp', url: 'rtsp://10.20.0.7/main', transport: 'TCP' },
      mode: 'Always',
      startTimeoutMs: 10_000,
      idleTimeoutMs: 30_000,
      audio: 'Opus',
      stallTimeoutMs: 10_000,
      afterTermination: 'Stay',
      allow: ALLOW,
    });
  });

  it('renders what the spec chooses', () => {
    const chosen = {
      rtsp: { url: 'rtsp://10.20.0.7/main', transport: 'UDP' },
      mode: 'OnDemand',
      onDemand: { startTimeout: '5s', idleTimeout: '1m' },
      audio: 'None',
      stallTimeout: '3s',
      afterTermination: 'Restart',
    };
    expect(rendered(chosen)).toMatchObject({
      source: { transport: 'UDP' },
      mode: 'OnDemand',
      startTimeoutMs: 5_000,
      idleTimeoutMs: 60_000,
      audio: 'None',
      stallTimeoutMs: 3_000,
      afterTermination: 'Restart',
    });
  });
});

describe('renderSource', () => {
  it.each<[string, Fields, object]>([
    ['RTSP', { rtsp }, { kind: 'rtsp', url: rtsp.url, transport: 'TCP', user: 'admin', password: 'ses ame' }],
    ['RTMP', { rtmp }, { kind: 'rtmp', url: rtmp.url, transport: 'TCP', user: 'admin', password: 'ses ame' }],
    ['SRT', { srt }, { kind: 'srt', url: srt.url, transport: 'UDP', passphrase: '0123456789' }],
  ])('renders %s with its credentials', (_what, spec, source) => {
    const secrets = { cam: CAM, srt: secretSource({ passphrase: '0123456789' }) };
    expect(sourceOf(spec, secrets)).toEqual(source);
  });

  it.each<[string, Fields, Readonly<Record<string, SecretSource>>, string]>([
    ['no Secret', { rtsp }, {}, 'Secret "cam" does not exist'],
    ['no password', { rtsp }, { cam: secretSource({ username: 'admin' }) }, 'Secret "cam" has no key "password"'],
    [
      'an empty user name',
      { rtmp },
      { cam: secretSource({ username: '', password: 'sesame' }) },
      'key "username" of Secret "cam" is empty',
    ],
    [
      'a line break in the password',
      { rtsp },
      { cam: secretSource({ username: 'admin', password: 'ses\r\nX: ame' }) },
      'key "password" of Secret "cam": must not contain control characters',
    ],
    ['no passphrase', { srt }, { srt: secretSource({ password: 'x' }) }, 'Secret "srt" has no key "passphrase"'],
    [
      'a short passphrase',
      { srt },
      { srt: secretSource({ passphrase: 'sesame' }) },
      'key "passphrase" of Secret "srt": must have 10 to 79 bytes',
    ],
    [
      'a long passphrase',
      { srt },
      { srt: secretSource({ passphrase: 's'.repeat(80) }) },
      'key "passphrase" of Secret "srt": must have 10 to 79 bytes',
    ],
    [
      'a passphrase of 79 characters and 80 bytes',
      { srt },
      { srt: secretSource({ passphrase: `${'s'.repeat(78)}ü` }) },
      'key "passphrase" of Secret "srt": must have 10 to 79 bytes',
    ],
  ])('says what is wrong with %s, without its content', (_what, spec, secrets, fault) => {
    expect(sourceOf(spec, secrets)).toBe(fault);
  });
});

describe('orderGeneration', () => {
  it('differs for each generation and each value of the annotation, and grows with the generation', () => {
    const numbers = [1, 2, 3].flatMap((generation) =>
      ['', 'a', 'b', '2026-11-29'].map((restart) => orderGeneration(generation, restart)),
    );
    expect(new Set(numbers).size).toBe(numbers.length);
    expect(orderGeneration(2, '')).toBeGreaterThan(orderGeneration(1, 'zz'));
    expect(Number.isSafeInteger(orderGeneration(2 ** 31, 'x'))).toBe(true);
    expect(orderGeneration(1, 'a')).toBe(orderGeneration(1, 'a'));
  });
});

describe('the source of a capture', () => {
  it.each<[Fields, string, string | undefined]>([
    [{}, 'rtsp://10.20.0.7/main', undefined],
    [{ rtsp }, rtsp.url, 'cam'],
    [{ rtmp }, rtmp.url, 'cam'],
    [{ srt }, srt.url, 'srt'],
  ])('%o has a URL and a Secret', (spec, url, secret) => {
    expect([urlOf(captureSpec(spec)), secretOf(captureSpec(spec))]).toEqual([url, secret]);
  });
});

describe('capturePush', () => {
  const order = (uid: string) => rendered({}, uid);
  const pod = (name: string) => ({ pod: name, address: '10.0.0.1', port: 9091 });

  it('has the same hash in any order, and another one for other content', () => {
    const push = capturePush({ mediaPods: [pod('a'), pod('b')], captures: [order('1'), order('2')] });
    expect(capturePush({ mediaPods: [pod('b'), pod('a')], captures: [order('2'), order('1')] })).toEqual(push);
    const others = [
      capturePush({ mediaPods: [pod('a')], captures: push.captures }),
      capturePush({ mediaPods: push.mediaPods, captures: [order('1')] }),
      capturePush({ mediaPods: push.mediaPods, captures: [order('1'), { ...order('2'), epoch: 4 }] }),
      capturePush({ ...push, pulls: { appKey: 'a', allow: [], most: 5 } }),
      capturePush({ ...push, held: [{ uid: 'u', appKey: 'a', name: 'n', url: 'rtsp://10.20.0.7/', at: 5_000 }] }),
    ];
    expect(new Set([push, ...others].map(({ hash }) => hash)).size).toBe(6);
  });
});

describe('pullSettings', () => {
  const capture = (spec: Fields) =>
    mediaServer({ capture: { allow: [{ cidr: '10.20.0.0/16' }], ...spec } }).spec.capture ?? null;

  it.each<[string, Fields, ReturnType<typeof pullSettings>]>([
    ['are off by default', {}, null],
    [
      'are of an app and of the networks that are allowed',
      { rest: true, restAppKey: 'cams', capturesPerPod: 7 },
      { appKey: 'cams', allow: [{ cidr: '10.20.0.0/16' }], most: 7 },
    ],
    [
      'have the app that WCS has',
      { rest: true },
      { appKey: 'defaultApp', allow: [{ cidr: '10.20.0.0/16' }], most: 50 },
    ],
  ])('%s', (_what, spec, expected) => {
    expect(pullSettings(capture(spec))).toEqual(expected);
  });
});
