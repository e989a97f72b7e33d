#!/usr/bin/env bash
# Format, lint and import directions, types, unused code, generated files. All of them, then the verdict.
set -uo pipefail

failed=0
step() {
	printf 'check: %s\n' "$1"
	"${@:2}" || { printf 'check: %s FAILED\n' "$1"; failed=1; }
}
step 'format, lint, import directions' biome check --error-on-warnings .
step types tsc --noEmit
step 'unused code' knip
step 'generated files' node crds/emit/main.ts --check
exit $failed
