#!/usr/bin/env bash
# Prepares what a command needs, then becomes the command.
#
#   run.sh [--with worker|browser|cluster|tests] COMMAND [ARG...]
#
# Always: Node and the npm packages. worker: also the mediasoup worker. browser: also Chromium. cluster: also the programs
# of the embedded cluster. tests: everything.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cd "$here/.."
with=none
if [ "${1:-}" = --with ]; then with=$2; shift 2; fi

. "$here/common.sh"
. "$here/node.sh"
. "$here/npm.sh"
case $with in
	worker) . "$here/worker.sh" ;;
	browser) . "$here/worker.sh"; . "$here/packages.sh" browser ;;
	cluster) . "$here/worker.sh"; . "$here/packages.sh" browser; . "$here/cluster.sh" ;;
	tests) . "$here/worker.sh"; . "$here/packages.sh" tests; . "$here/python.sh"; . "$here/cluster.sh" ;;
esac
exec "$@"
