#!/usr/bin/env bash
# Runs the checks and all tests. The last line counts them: N passed, N failed.
set -uo pipefail

results=$(mktemp -d)
trap 'rm -rf "$results"' EXIT

failed=()
run() {
	printf '\ntest: %s\n' "$1"
	vitest run --project "$1" --reporter=default --reporter=json --outputFile.json="$results/$1.json"
}
# Two runs in parallel where both mostly wait. Integration tests cannot run while clusters start and stop: GStreamer
# sends from every address of the machine, including that of a cluster's bridge.
run cluster-life >"$results/cluster-life.log" 2>&1 &
life=$!
scripts/check.sh || failed+=(checks)
run unit || failed+=(unit)
echo 'test: waiting for cluster-life, which started with the checks'
wait "$life" || failed+=(cluster-life)
cat "$results/cluster-life.log"
run e2e >"$results/e2e.log" 2>&1 &
e2e=$!
run integration || failed+=(integration)
wait "$e2e" || failed+=(e2e)
cat "$results/e2e.log"
run cluster || failed+=(cluster)
node scripts/count.ts "$results" "${failed[@]}"
