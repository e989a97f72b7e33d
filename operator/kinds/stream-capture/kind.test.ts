import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { captureObject, capturePodObject } from '../../../test/builders/captures.ts';
import { OperatorWorld } from '../../../test/builders/operator-world.ts';
import { mediaServerObject, podObject, streamAppObject } from '../../../test/builders/sluice-objects.ts';
import type { KubeObject } from '../../kube/objects.ts';
import { capturePodsKind } from '../capture-pods/kind.ts';
import type { Kind } from '../kind.ts';
import { streamCaptureKind } from './kind.ts';

const gate = captureObject('gate');
const withName = (name: string, over: object = {}) => captureObject(name, { name: 'gate' }, over);
const app = streamAppObject('default');

describe('a change queues', () => {
  let world: OperatorWorld;

  beforeEach(() => {
    world = new OperatorWorld();
    for (const object of [
      mediaServerObject(),
      app,
      gate,
      captureObject('yard'),
      captureObject('sport', { appRef: { name: 'sport' } }),
    ])
      world.have(object);
  });
  afterEach(() => world.close());

  /** The keys that a kind queues while something happens. */
  function queued(kind: Kind, happen: () => void): string[] {
    const keys = new Set<string>();
    for (const { keysOf, store } of kind.watches)
      store.onChange((change) => {
        for (const key of keysOf(change)) keys.add(key);
      });
    happen();
    return [...keys].sort();
  }
  const have = (object: KubeObject) => (): void => void world.have(object);

  it.each<[string, KubeObject, string[]]>([
    ['a new capture', captureObject('new'), ['media/new']],
    ['another capture with its name', withName('old'), ['media/gate', 'media/old']],
    ['the same name in another app', captureObject('a', { name: 'gate', appRef: { name: 'sport' } }), ['media/a']],
    ['a new spec', captureObject('gate', {}, { generation: 2 }), ['media/gate']],
    ['a restart', captureObject('gate', {}, { annotations: { 'sluice.dev/restart': '1' } }), ['media/gate']],
    ['another annotation', captureObject('gate', {}, { annotations: { note: '1' } }), []],
    ['a new status', { ...gate, status: { restarts: 1 } }, []],
    ['a change of its app', streamAppObject('default', {}, { generation: 2 }), ['media/gate', 'media/yard']],
    ['a new app', streamAppObject('sport'), ['media/sport']],
    ['a change of its MediaServer', mediaServerObject({}, { generation: 2 }), ['media/gate', 'media/yard']],
  ])('captures: %s', (_what, object, keys) => {
    expect(queued(streamCaptureKind(world), have(object))).toEqual(keys);
  });

  it('captures: one that gave up its name', () => {
    world.have(withName('old'));
    const gone = () => world.stores.streamCaptures.delete('media/old');
    expect(queued(streamCaptureKind(world), gone)).toEqual(['media/gate', 'media/old']);
  });

  it('captures: what their pods say', () => {
    expect([...(streamCaptureKind(world).followersOf?.('media/live') ?? [])]).toEqual(['media/gate', 'media/yard']);
  });

  it.each<[string, KubeObject, string[]]>([
    ['a new capture', captureObject('new'), ['media/live']],
    ['what holds a capture', { ...gate, status: { held: { cause: 'rest' } } }, ['media/live']],
    ['the figures of a capture', { ...gate, status: { bitrate: 1 } }, []],
    ['a restart', captureObject('gate', {}, { annotations: { 'sluice.dev/restart': '1' } }), ['media/live']],
    ['a capture without an app', captureObject('a', { appRef: { name: 'gone' } }), []],
    [
      'an app that moves',
      streamAppObject('default', { mediaServerRef: { name: 'b' } }, { generation: 2 }),
      ['media/b', 'media/live'],
    ],
    ['a capture pod', capturePodObject('a'), ['media/live']],
    ['a media pod', podObject(), ['media/live']],
    ['a new spec', mediaServerObject({}, { generation: 2 }), ['media/live']],
    ['a new status of the MediaServer', { ...mediaServerObject(), status: { publications: 1 } }, []],
  ])('capture pods: %s', (_what, object, keys) => {
    expect(queued(capturePodsKind(world, { onChange: () => undefined }), have(object))).toEqual(keys);
  });
});
