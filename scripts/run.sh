#!/usr/bin/env bash
# Prepares what a command needs, then runs the command with exec.
#
#   run.sh [--with worker|captures|browser|cluster|bench|tests] COMMAND [ARG...]
#
# Node and the npm packages are always prepared. worker adds the mediasoup worker, captures adds sluice-sources to it,
# browser adds Chromium, cluster adds the programs of the embedded cluster, bench adds to them what the benchmark measures
# with, and tests prepares everything.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cd "$here/.."
with=none
if [ "${1:-}" = --with ]; then with=$2; shift 2; fi

. "$here/common.sh"
trap 'stop_jobs; rm -f "$steps"' EXIT
. "$here/packages.sh"
. "$here/node.sh"
. "$here/npm.sh"
[ "$with" = none ] || . "$here/worker.sh"
case $with in
	worker) make_worker ;;
	captures)
		. "$here/sources.sh"
		make_worker
		make_sources
		;;
	browser)
		make_worker
		apt_packages "${browser_packages[@]}"
		;;
	cluster) . "$here/everything.sh" "${browser_packages[@]}" ;;
	bench)
		. "$here/sources.sh"
		. "$here/everything.sh" "${browser_packages[@]}" "${bench_packages[@]}"
		;;
	tests)
		. "$here/python.sh"
		. "$here/nginx.sh"
		. "$here/sources.sh"
		. "$here/everything.sh" "${browser_packages[@]}" "${test_packages[@]}"
		. "$here/checkers.sh"
		;;
esac
report_steps
exec "$@"
