import { describe, expect, it } from 'vitest';
import { fakeHook } from '../../test/builders/hook.ts';
import { bundleOf } from '../../test/builders/public-app.ts';
import { fakeApp } from '../../test/builders/streams.ts';
import type { App } from '../apps/app.ts';
import { warnOfConfig } from './warnings.ts';

const open = bundleOf().config;
const closed = bundleOf({ authRef: { name: 'api' } }, { api: { username: 'ops', password: 'sesame' } }).config;

type Warned = Parameters<typeof warnOfConfig>[1];

function warningsOf(warned: Omit<Warned, 'apps'> & { readonly apps?: readonly App[] }): unknown[][] {
  const said: unknown[][] = [];
  warnOfConfig({ warn: (...words: unknown[]) => said.push(words) }, { apps: [], ...warned });
  return said;
}

describe('warnOfConfig', () => {
  it.each([
    ['at the start', null, open],
    ['when a reload takes authentication away', closed, open],
  ])('warns that everyone may end streams: %s', (_when, before, config) => {
    const all = 'rest.authRef is not set: anyone who can reach the REST API can end streams';
    expect(warningsOf({ before, config })).toEqual([[all]]);
  });

  it.each([
    ['at each reload', open, open],
    ['with authentication', null, closed],
  ])('does not warn %s', (_when, before, config) => {
    expect(warningsOf({ before, config })).toEqual([]);
  });

  it.each<['LOG' | 'FAIL', boolean]>([
    ['LOG', true],
    ['FAIL', false],
  ])('warns that a 403 ends nothing only if restOnError is LOG: %s', (restOnError, isSaid) => {
    const app = { ...fakeApp(), hook: fakeHook([{ name: 'StreamKeepAliveEvent', restOnError }]) };
    const config = { ...closed, keepAlive: { enabled: true, appKeys: ['defaultApp'] } };
    const sentence = 'restOnError is LOG: a 403 to StreamKeepAliveEvent ends nothing';
    expect(warningsOf({ before: closed, config, apps: [app] })).toEqual(
      isSaid ? [[{ appKey: 'defaultApp', warning: 'RefusalOnlyLogged' }, sentence]] : [],
    );
  });

  it.each<[boolean, string[]]>([
    [true, ['defaultapp']],
    [false, []],
  ])('warns of keys that no app has if keep-alive is enabled: %s', (enabled, said) => {
    const config = { ...closed, keepAlive: { enabled, appKeys: ['defaultApp', 'defaultapp'] } };
    const sentence = 'spec.keepAlive.appKeys: no app of this media server has these keys';
    expect(warningsOf({ before: closed, config, apps: [fakeApp()] })).toEqual(
      said.length > 0 ? [[{ appKeys: said }, sentence]] : [],
    );
  });
});
