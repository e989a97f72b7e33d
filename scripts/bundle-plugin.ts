// Bundles operator/kubectl into the one file of the kubectl plugin. With --check it writes nothing and fails if the file
// is not up to date. Node does not run TypeScript under node_modules, and users copy one file.
import { chmodSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { rolldown } from 'rolldown';

const root = join(import.meta.dirname, '..');
const name = 'operator/kubectl/kubectl-sluice.js';
const path = join(root, name);
const EXECUTABLE = 0o755;
const HEADER = `#!/usr/bin/env node
// Made from operator/kubectl by \`make generate\`. Do not edit.
// The kubectl plugin of Sluice, https://github.com/sluice-dev/sluice. SPDX-License-Identifier: Apache-2.0
`;

const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };

async function bundle(): Promise<string> {
  const build = await rolldown({
    input: join(root, 'operator/kubectl/main.ts'),
    cwd: root,
    platform: 'node',
    external: /^node:/,
    // A copy of the file has no package.json beside it.
    plugins: [
      {
        name: 'version',
        load: (id) =>
          id.endsWith('/process/version.ts') ? `export const version = ${JSON.stringify(version)};` : null,
      },
    ],
  });
  // Runs under any name, and whatever a package.json above it says about modules: it has no import and no require.
  const { output } = await build.generate({
    format: 'iife',
    comments: false,
    globals: (id) => `process.getBuiltinModule(${JSON.stringify(id)})`,
  });
  await build.close();
  const [chunk, ...others] = output;
  if (others.length > 0) throw new Error(`the bundle has ${others.length + 1} files; it must be one`);
  return HEADER + chunk.code;
}

function isCurrent(code: string): boolean {
  try {
    return readFileSync(path, 'utf8') === code && (statSync(path).mode & 0o111) === 0o111;
  } catch {
    return false;
  }
}

const code = await bundle();
if (process.argv.includes('--check')) {
  if (!isCurrent(code)) {
    console.error(`not current, run make generate: ${name}`);
    process.exitCode = 1;
  }
} else {
  writeFileSync(path, code);
  chmodSync(path, EXECUTABLE);
}
