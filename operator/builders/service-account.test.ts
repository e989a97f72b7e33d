import { expect, it } from 'vitest';
import { childMetadata, parentOf } from '../../test/builders/sluice-objects.ts';
import { buildServiceAccount } from './service-account.ts';

it('a media pod has its own service account, but no token', () => {
  expect(buildServiceAccount(parentOf())).toEqual({
    apiVersion: 'v1',
    kind: 'ServiceAccount',
    metadata: childMetadata('live'),
    automountServiceAccountToken: false,
  });
});
