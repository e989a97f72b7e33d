import { describe, expect, it } from 'vitest';
import { mediaServerObject, restHookObject, streamAppObject } from '../../test/builders/sluice-objects.ts';
import { faultsOf, invalidOnes, readMediaServer, readRestHook, readStreamApp, validOnes } from './valid-resources.ts';

describe('validating resources of the API server', () => {
  it('fills in defaults, including those of newer fields', () => {
    const checked = readMediaServer(mediaServerObject());
    expect(checked).toMatchObject({ ok: true, resource: { metadata: { name: 'live' }, spec: { replicas: 1 } } });
  });

  it('accepts an object with everything that an API server adds', () => {
    const object = { ...streamAppObject('news', {}, { finalizers: ['x'], annotations: { a: 'b' } }), status: {} };
    expect(readStreamApp(object)).toMatchObject({ ok: true });
  });

  it('leaves out those that break a current rule', () => {
    const hooks = [restHookObject('good'), restHookObject('bad', { url: 'ftp://x' })];
    expect(validOnes(hooks, readRestHook).map(({ metadata }) => metadata.name)).toEqual(['good']);
    expect([...invalidOnes(hooks, readRestHook)]).toEqual([
      ['bad', expect.stringMatching(/^spec\.url: must be a URL/)],
    ]);
  });

  it('reports all faults in one line', () => {
    const checked = readRestHook(restHookObject('bad', { url: 'ftp://x', timeout: '0s' }));
    if (checked.ok) throw new Error('it was taken');
    expect(faultsOf(checked)).toMatch(
      /^spec\.url: must be a URL such as .*, got "ftp:\/\/x"; spec\.timeout: must be a duration .*, got "0s"$/,
    );
  });
});
