import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { parse } from 'yaml';

const textOf = (path: string): string => readFileSync(join(import.meta.dirname, '..', path), 'utf8');
const { version } = JSON.parse(textOf('package.json')) as { version: string };

it('has one version in all files that RELEASE.md names', () => {
  expect(parse(textOf('charts/sluice/Chart.yaml'))).toMatchObject({ version, appVersion: version });
  expect(JSON.parse(textOf('package-lock.json'))).toMatchObject({ version, packages: { '': { version } } });
  expect(textOf('CHANGELOG.md')).toContain(`## ${version} - `);
  for (const path of ['Makefile', 'Dockerfile', 'charts/sluice/Chart.yaml', 'examples/kubernetes/backend.yaml']) {
    const tags = [...textOf(path).matchAll(/\/sluice:([\w.-]+)/g)].map(([, tag]) => tag);
    expect([path, ...new Set(tags)]).toEqual([path, version]);
  }
});
