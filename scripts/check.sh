#!/usr/bin/env bash
# Checks format, lint, types, import directions, unused code, Markdown and generated files. One failure stops no check.
set -uo pipefail

failed=0
step() {
	printf 'check: %s\n' "$1"
	"${@:2}" || { printf 'check: %s FAILED\n' "$1"; failed=1; }
}
step 'format, lint' biome check --error-on-warnings .
step types tsc --noEmit
step 'types of the pages' tsc -p scripts/tsconfig.pages.json
step 'import directions' vitest run --project unit test/architecture.test.ts
step 'unused code' knip
step Markdown markdownlint-cli2
step 'generated files' node crds/emit/main.ts --check
step 'kubectl plugin' node scripts/bundle-plugin.ts --check
exit $failed
