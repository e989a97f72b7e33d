import { expect, it } from 'vitest';
import { captureObject } from '../../test/builders/captures.ts';
import { no, yes } from '../kube/conditions.ts';
import { countReasons } from './capture-reasons.ts';

it('counts StreamCaptures by their reason', () => {
  const having = (...conditions: object[]) => ({ ...captureObject('gate'), status: { conditions } });
  const accepted = yes('Accepted', 'Accepted', '');
  expect(countReasons([])).toEqual({ Connected: 0 });
  expect(
    countReasons([
      captureObject('new'),
      having(accepted),
      having(accepted, yes('Capturing', 'Connected', '')),
      having(accepted, no('Capturing', 'Unreachable', '')),
      having(no('Accepted', 'Conflict', ''), no('Capturing', 'Conflict', '')),
      having(accepted, no('Capturing', 'Unreachable', '')),
    ]),
  ).toEqual({ Connected: 1, Unreachable: 2, Conflict: 1 });
});
