import { expect, it } from 'vitest';
import { negotiatedSuite } from '../clients/srtp-suite.ts';

it('prefers AES-128-GCM if the client offers it', async () => {
  expect(await negotiatedSuite()).toBe('AEAD_AES_128_GCM');
});
