#!/usr/bin/env bash
# The checks and all tests. The last line counts them: N passed, N failed.
set -uo pipefail

results=$(mktemp -d)
trap 'rm -rf "$results"' EXIT

failed=()
run() {
	printf '\ntest: %s\n' "$1"
	vitest run --project "$1" --reporter=default --reporter=json --outputFile.json="$results/$1.json"
}
test/setup/check.sh || failed+=(checks)
run unit || failed+=(unit)
# Two cores do two of these at a time: each waits more than it computes.
run integration >"$results/integration.log" 2>&1 &
integration=$!
for project in e2e cluster-life; do run "$project" || failed+=("$project"); done
echo 'test: integration, which began with e2e, is still running'
wait "$integration" || failed+=(integration)
cat "$results/integration.log"
run cluster || failed+=(cluster)
node test/setup/count.ts "$results" "${failed[@]}"
