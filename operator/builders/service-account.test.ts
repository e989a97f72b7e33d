import { expect, it } from 'vitest';
import { childMetadata, parentOf } from '../../test/builders/sluice-objects.ts';
import { buildServiceAccount } from './service-account.ts';

it('a media pod has an account of its own, and no token of it', () => {
  expect(buildServiceAccount(parentOf())).toEqual({
    apiVersion: 'v1',
    kind: 'ServiceAccount',
    metadata: childMetadata('live'),
    automountServiceAccountToken: false,
  });
});
