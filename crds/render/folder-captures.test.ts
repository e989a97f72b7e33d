import { describe, expect, it } from 'vitest';
import { captureObject, secretSource } from '../../test/builders/captures.ts';
import { mediaServer, streamApp, validated } from '../../test/builders/sluice-objects.ts';
import { STREAM_CAPTURE } from '../schema/kinds.ts';
import { type FolderCapturesInput, folderCaptures } from './folder-captures.ts';

type Fields = Readonly<Record<string, unknown>>;

const CAPTURE = { capture: { allow: [{ cidr: '10.20.0.0/16' }] } };
const capture = (name: string, spec: Fields = {}) => validated(STREAM_CAPTURE, captureObject(name, spec));

function folder(over: Partial<FolderCapturesInput> = {}) {
  return folderCaptures({
    mediaServer: mediaServer(CAPTURE),
    apps: [streamApp('default', { appKey: 'defaultApp' })],
    captures: [capture('gate')],
    secrets: new Map(),
    ...over,
  });
}

describe('folderCaptures', () => {
  it('renders captures with their credentials', () => {
    const srt = { url: 'srt://10.20.0.9:9000', passphraseRef: { name: 's' } };
    const secrets = new Map([['s', secretSource({ passphrase: '0123456789' })]]);
    expect(folder({ captures: [capture('gate', { srt })], secrets })).toMatchObject({
      orders: [{ uid: 'gate', epoch: 1, appKey: 'defaultApp', name: 'gate', source: { passphrase: '0123456789' } }],
      refused: [],
    });
  });

  it('numbers a capture by its spec', () => {
    const numberOf = (spec: Fields) => folder({ captures: [capture('gate', spec)] }).orders[0]?.generation;
    expect(numberOf({})).toBe(numberOf({}));
    expect(numberOf({ audio: 'None' })).not.toBe(numberOf({}));
    expect(Number.isSafeInteger(numberOf({}))).toBe(true);
  });

  it('has no order for one that is suspended', () => {
    expect(folder({ captures: [capture('gate', { suspend: true })] })).toEqual({
      orders: [],
      pulls: null,
      refused: [],
    });
  });

  it('has what the REST API may capture', () => {
    const mediaServerWithRest = mediaServer({ capture: { ...CAPTURE.capture, rest: true } });
    expect(folder({ mediaServer: mediaServerWithRest }).pulls).toEqual({
      appKey: 'defaultApp',
      allow: CAPTURE.capture.allow,
      most: 50,
    });
  });

  it.each<[string, Partial<FolderCapturesInput>, string]>([
    [
      'without captures',
      { mediaServer: mediaServer() },
      'CaptureDisabled: spec.capture of MediaServer "live" is not set',
    ],
    ['without its app', { apps: [] }, 'InvalidRef: StreamApp "default" not found'],
    [
      'with the app of another MediaServer',
      { apps: [streamApp('default', { mediaServerRef: { name: 'other' } })] },
      'InvalidRef: StreamApp "default" not found',
    ],
    [
      'without its Secret',
      { captures: [capture('gate', { rtmp: { url: 'rtmp://10.20.0.8/a/b', credentialsRef: { name: 'cam' } } })] },
      'InvalidRef: Secret "cam" does not exist',
    ],
    [
      'of an address that is not allowed',
      { captures: [capture('gate', { rtsp: { url: 'rtsp://169.254.169.254/x' } })] },
      'AddressNotAllowed: 169.254.169.254 is a link-local address, which is never captured from',
    ],
  ])('refuses one %s', (_what, over, fault) => {
    const { orders, refused } = folder(over);
    expect(orders).toEqual([]);
    expect(refused.map(({ message, name, reason }) => [name, `${reason}: ${message}`])).toEqual([['gate', fault]]);
  });

  it('gives a name to one of two', () => {
    const { orders, refused } = folder({ captures: [capture('b', { name: 'x' }), capture('a', { name: 'x' })] });
    expect(orders.map(({ uid }) => uid)).toEqual(['a']);
    expect(refused).toEqual([
      { name: 'b', reason: 'Conflict', message: 'StreamCapture "a" already has the name "x" in StreamApp "default"' },
    ]);
  });
});
