#!/usr/bin/env bash
# The checks and all tests. The last line counts them: N passed, N failed.
set -uo pipefail

results=$(mktemp -d)
trap 'rm -rf "$results"' EXIT

checks=0
test/setup/check.sh || checks=1

suites=0
for project in unit integration e2e; do
	printf '\ntest: %s\n' "$project"
	vitest run --project "$project" --reporter=default --reporter=json --outputFile.json="$results/$project.json" || suites=1
done
node test/setup/count.ts "$checks" "$suites" "$results"
