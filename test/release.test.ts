import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { parse } from 'yaml';

const textOf = (path: string): string => readFileSync(join(import.meta.dirname, '..', path), 'utf8');
type Manifest = { readonly version: string; readonly dependencies: Readonly<Record<string, string>> };
type Lock = { readonly packages: Readonly<Record<string, { readonly dev?: boolean }>> };
const { dependencies, version } = JSON.parse(textOf('package.json')) as Manifest;

it('has every package that the programs need in the image, which leaves those of development out', () => {
  const { packages } = JSON.parse(textOf('package-lock.json')) as Lock;
  const leftOut = Object.keys(dependencies).filter((name) => packages[`node_modules/${name}`]?.dev !== undefined);
  expect(leftOut).toEqual([]);
});

it('has one version in all files that RELEASE.md names', () => {
  expect(parse(textOf('charts/sluice/Chart.yaml'))).toMatchObject({ version, appVersion: version });
  expect(JSON.parse(textOf('package-lock.json'))).toMatchObject({ version, packages: { '': { version } } });
  expect(textOf('CHANGELOG.md')).toContain(`## ${version} - `);
  const paths = [
    'Makefile',
    'Dockerfile',
    'Dockerfile.sources',
    'charts/sluice/Chart.yaml',
    'examples/kubernetes/backend.yaml',
  ];
  for (const path of paths) {
    const tags = [...textOf(path).matchAll(/\/sluice(?:-sources)?:([\w.-]+)/g)].map(([, tag]) => tag);
    expect([path, ...new Set(tags)]).toEqual([path, version]);
  }
});
