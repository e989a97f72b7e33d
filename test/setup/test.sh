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
for project in unit integration; do run "$project" || failed+=("$project"); done
# Starting and killing clusters is mostly waiting: the browsers' tests run beside it. Those of integration do not: GStreamer
# sends from whatever address the machine has, and those of a cluster come and go.
run cluster-life >"$results/cluster-life.log" 2>&1 &
life=$!
run e2e || failed+=(e2e)
wait "$life" || failed+=(cluster-life)
cat "$results/cluster-life.log"
run cluster || failed+=(cluster)
node test/setup/count.ts "$results" "${failed[@]}"
