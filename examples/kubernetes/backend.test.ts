import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { parseAllDocuments } from 'yaml';

const read = (path: string): string => readFileSync(join(import.meta.dirname, path), 'utf8');

it('the Pod of the sample backend runs the program of examples/backend', () => {
  const [configMap] = parseAllDocuments(read('backend.yaml'));
  expect(configMap?.toJS().data['backend.mts']).toBe(read('../backend/backend.ts'));
});
