import { describe, expect, it } from 'vitest';
import { UserFault } from '../../../process/user-fault.ts';
import { sessionIdsOf } from './session-ids.ts';

const PAGE = {
  itemCount: 3,
  items: [
    { id: 'a', state: 'read' },
    { id: 'b', state: 'publish' },
    { id: 7, state: 'read' },
  ],
};

describe('the ids of a list of sessions', () => {
  it.each<[string, unknown, string[], string[]]>([
    ['a list in a field', PAGE, ['items', 'id'], ['a', 'b', '7']],
    ['a list at the top', PAGE.items, ['id'], ['a', 'b', '7']],
    ['a list of ids', { ids: ['a', 'b'] }, ['ids'], ['a', 'b']],
    [
      'lists in lists',
      { rooms: [{ peers: [{ id: 'a' }] }, { peers: [{ id: 'b' }] }] },
      ['rooms', 'peers', 'id'],
      ['a', 'b'],
    ],
    ['an empty list', { items: [] }, ['items', 'id'], []],
    ['no list', { items: null }, ['items', 'id'], []],
  ])('are found in %s', (_what, list, ids, found) => {
    expect(sessionIdsOf(list, { ids, where: null })).toEqual(found);
  });

  it('are those of the sessions with a text in a field', () => {
    const of = (field: string, text: string) => sessionIdsOf(PAGE, { ids: ['items', 'id'], where: { field, text } });
    expect(of('state', 'read')).toEqual(['a', '7']);
    expect(of('state', 'idle')).toEqual([]);
    expect(
      sessionIdsOf([{ id: 'a', published: false }], { ids: ['id'], where: { field: 'published', text: 'false' } }),
    ).toEqual(['a']);
  });

  it('are an error if a session has none', () => {
    const read = () => sessionIdsOf(PAGE, { ids: ['items', 'name'], where: null });
    expect(read).toThrow(UserFault);
    expect(read).toThrow('--ids items.name: an entry of the list has no "name": {"id":"a","state":"read"}');
  });
});
