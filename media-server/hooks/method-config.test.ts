import { describe, expect, it } from 'vitest';
import { mergeConfig, readSessionLayer } from './method-config.ts';

const BUILT_IN = { clientExclude: [], restExclude: [], restPolicy: 'NOTIFY', restOverwrite: [] };

describe('the config of a method', () => {
  it.each([
    ['StreamKeepAliveEvent', 'FAIL'],
    ['connect', 'FAIL'],
    ['publishStream', 'FAIL'],
    ['playStream', 'FAIL'],
    ['StreamStatusEvent', 'LOG'],
    ['ConnectionStatusEvent', 'LOG'],
    ['unPublishStream', 'LOG'],
    ['stopStream', 'LOG'],
  ] as const)('of %s has restOnError %s by default', (method, restOnError) => {
    expect(mergeConfig(method)).toEqual({ ...BUILT_IN, restOnError });
  });

  it('takes each field from the last layer that sets it, and an empty list counts as set', () => {
    const hook = { publishStream: { restExclude: ['sdp'], clientExclude: ['custom'], restOnError: 'LOG' } } as const;
    const session = { publishStream: { restExclude: [], restPolicy: 'OVERWRITE' } } as const;
    expect(mergeConfig('publishStream', hook, session)).toEqual({
      clientExclude: ['custom'],
      restExclude: [],
      restOnError: 'LOG',
      restPolicy: 'OVERWRITE',
      restOverwrite: [],
    });
  });
});

describe('restClientConfig in a reply to connect', () => {
  const read = (fields: unknown) => readSessionLayer({ restClientConfig: { publishStream: fields } });

  it.each([
    ['clientExclude', 'sdp, custom', ['sdp', 'custom']],
    ['restExclude', ' sdp ,, name ', ['sdp', 'name']],
    ['restExclude', '', []],
    ['restOverwrite', 'name,custom', ['name', 'custom']],
    ['restOnError', 'FAIL', 'FAIL'],
    ['restOnError', 'log', 'LOG'],
    ['restPolicy', 'OVERWRITE', 'OVERWRITE'],
    ['restPolicy', 'Notify', 'NOTIFY'],
    ['restPolicy', 'DISABLE', 'DISABLE'],
    ['restPolicy', 'DISABLED', 'DISABLE'],
    ['restPolicy', ' disabled ', 'DISABLE'],
  ])('reads %s %j', (field, value, expected) => {
    expect(read({ [field]: value })).toEqual({ layer: { publishStream: { [field]: expected } }, findings: [] });
  });

  it.each([
    ['restPolicy', 'OFF', 'must be one of NOTIFY, OVERWRITE, DISABLE'],
    ['restPolicy', '', 'must be one of NOTIFY, OVERWRITE, DISABLE'],
    ['restOnError', 'DISABLED', 'must be one of LOG, FAIL'],
    ['restOnError', true, 'must be a string'],
    ['restExclude', ['sdp'], 'must be a string'],
    ['restExlude', 'sdp', 'unknown field'],
  ])('ignores %s %j and reports it', (field, value, reason) => {
    expect(read({ [field]: value })).toEqual({
      layer: { publishStream: {} },
      findings: [{ method: 'publishStream', field, reason }],
    });
  });

  it('keeps the fields of restOverwrite that can be overwritten', () => {
    const { findings, layer } = read({ restOverwrite: 'name, width' });
    expect(layer).toEqual({ publishStream: { restOverwrite: ['name'] } });
    expect(findings).toMatchObject([{ field: 'restOverwrite', reason: expect.stringContaining('not width') }]);
  });

  it.each([
    [undefined, []],
    ['', []],
    [{}, []],
    [{ restClientConfig: 'x' }, [{ method: '', field: 'restClientConfig', reason: 'must be an object' }]],
    [{ restClientConfig: { nosuch: {} } }, [{ method: 'nosuch', field: '', reason: 'unknown method' }]],
    [{ restClientConfig: { connect: [] } }, [{ method: 'connect', field: '', reason: 'must be an object' }]],
  ])('sets nothing if the reply is %j', (reply, findings) => {
    expect(readSessionLayer(reply)).toEqual({ layer: {}, findings });
  });
});
