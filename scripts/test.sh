#!/usr/bin/env bash
# Runs the checks and all tests. The last line counts them: N passed, N failed.
set -uo pipefail

results=$(mktemp -d)
trap 'rm -rf "$results"' EXIT

# run NAME ARG...: writes a report of this name. Notes the name if a test fails.
run() {
	printf '\ntest: %s\n' "$1"
	vitest run --reporter=default --reporter=json --outputFile.json="$results/$1.json" "${@:2}" || fails "$1"
}
fails() { touch "$results/$1.failed"; }

# Two runs in parallel where both mostly wait. Integration tests cannot run while clusters start and stop: GStreamer
# sends from every address of the machine, including that of a cluster's bridge.
run cluster-life --project cluster-life >"$results/cluster-life.log" 2>&1 &
scripts/check.sh || fails checks
run unit --project unit
echo 'test: waiting for cluster-life, which started with the checks'
wait
cat "$results/cluster-life.log"

# Half of the integration tests follow the e2e tests. Cameras and GStreamer are in the other half, one after the other:
# GStreamer would send from the networks of the cameras too.
second=(test/integration/{cascade,fleet,keepalive,kick,planted,races,resilience,termination,websdk,worker-errors})
excluded=("${second[@]/%/*}")
{
	run e2e --project e2e
	run integration-2 --project integration "${second[@]}"
} >"$results/second.log" 2>&1 &
run integration --project integration "${excluded[@]/#/--exclude=}"
echo 'test: waiting for e2e and integration-2, which started with integration'
wait
cat "$results/second.log"
run cluster --project cluster-guests --project cluster
mapfile -t failed < <(cd "$results" && ls -- *.failed 2>/dev/null | sed 's/\.failed$//')
node scripts/count.ts "$results" "${failed[@]}"
