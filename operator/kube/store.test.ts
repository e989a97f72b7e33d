import { beforeEach, describe, expect, it } from 'vitest';
import type { KubeObject, Metadata } from './objects.ts';
import { type Change, Store } from './store.ts';

function object(name: string, resourceVersion: string, over: Partial<Metadata> = {}): KubeObject {
  return { apiVersion: 'v1', kind: 'Pod', metadata: { name, namespace: 'media', resourceVersion, ...over } };
}

describe('Store', () => {
  let store: Store;
  let changes: Change[];

  beforeEach(() => {
    store = new Store();
    changes = [];
    store.onChange((change) => changes.push(change));
  });

  it('holds what it was given, and reports each change', () => {
    const [first, second] = [object('a', '1'), object('a', '2')];
    store.set(first);
    store.set(second);
    expect([store.get('media/a'), store.size]).toEqual([second, 1]);
    store.delete('media/a');
    expect([store.get('media/a'), store.size]).toEqual([undefined, 0]);
    expect(changes).toEqual([
      { key: 'media/a', before: undefined, after: first },
      { key: 'media/a', before: first, after: second },
      { key: 'media/a', before: second, after: undefined },
    ]);
  });

  it('notifies every listener', () => {
    let others = 0;
    store.onChange(() => others++);
    store.set(object('a', '1'));
    expect([changes.length, others]).toEqual([1, 1]);
  });

  it('does not report an unchanged object, nor the deletion of an unknown one', () => {
    store.set(object('a', '1'));
    store.set(object('a', '1'));
    store.delete('media/b');
    expect(changes).toHaveLength(1);
  });

  it('replaces its content with a list, and reports each change', () => {
    const [same, changed, gone] = [object('same', '1'), object('changed', '1'), object('gone', '1')];
    for (const each of [same, changed, gone]) store.set(each);
    changes.length = 0;
    const [newer, added] = [object('changed', '2'), object('added', '3')];
    store.replace(null, [same, newer, added]);
    expect(changes).toEqual([
      { key: 'media/gone', before: gone, after: undefined },
      { key: 'media/changed', before: changed, after: newer },
      { key: 'media/added', before: undefined, after: added },
    ]);
    expect([...store.all()]).toEqual([same, newer, added]);
  });

  it('reports an object that was recreated under the same name', () => {
    const [old, anew] = [object('a', '1', { uid: 'u1' }), object('a', '9', { uid: 'u2' })];
    store.set(old);
    store.replace(null, [anew]);
    expect(changes.at(-1)).toEqual({ key: 'media/a', before: old, after: anew });
  });

  it('keeps other namespaces when it replaces the content of one', () => {
    const elsewhere = object('a', '1', { namespace: 'elsewhere' });
    store.set(elsewhere);
    store.set(object('a', '1'));
    store.replace('media', []);
    expect([...store.all()]).toEqual([elsewhere]);
  });

  it('lists the objects of a namespace that have all given labels', () => {
    const [both, one, none] = [
      object('both', '1', { labels: { app: 'sluice', instance: 'live', more: 'x' } }),
      object('one', '1', { labels: { app: 'sluice' } }),
      object('none', '1'),
    ];
    const elsewhere = object('both', '1', { namespace: 'elsewhere', labels: { app: 'sluice', instance: 'live' } });
    for (const each of [both, one, none, elsewhere]) store.set(each);
    expect(store.list('media', { app: 'sluice', instance: 'live' })).toEqual([both]);
    expect(store.list('media', { app: 'sluice' })).toEqual([both, one]);
    expect(store.list('media')).toEqual([both, one, none]);
    expect(store.list('nowhere')).toEqual([]);
  });
});
