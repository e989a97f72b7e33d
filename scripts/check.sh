#!/usr/bin/env bash
# Format, lint, types, import directions, unused code, Markdown, generated files. All of them, then the verdict.
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
exit $failed
