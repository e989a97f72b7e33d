# shellcheck shell=bash
# Sourced. Finds the mediasoup worker in MEDIASOUP_WORKER_BIN or in the cache, or builds it. The prebuilt worker of
# mediasoup cannot be used: Sluice needs its own patches (media-server/mediasoup-worker/README.md).

if [ -z "${MEDIASOUP_WORKER_BIN:-}" ]; then
	worker_version=$(node -p "require('./node_modules/mediasoup/package.json').version")
	MEDIASOUP_WORKER_BIN=$SLUICE_CACHE/worker/$worker_version-$(folder_hash media-server/mediasoup-worker)/mediasoup-worker
fi
export MEDIASOUP_WORKER_BIN

# worker_tools: installs the tools that compile it.
worker_tools() {
	[ -x "$MEDIASOUP_WORKER_BIN" ] || apt_packages "${worker_packages[@]}"
}

make_worker() {
	[ ! -x "$MEDIASOUP_WORKER_BIN" ] || return 0
	worker_tools
	mkdir -p "$(dirname "$MEDIASOUP_WORKER_BIN")"
	# Only one process builds; the others wait and find the result.
	exec 9>"$SLUICE_CACHE/worker/.lock"
	flock 9
	if [ ! -x "$MEDIASOUP_WORKER_BIN" ]; then
		begin "building the mediasoup worker $worker_version (about 5 minutes on 2 cores, once)"
		SRTP=source logged "$SLUICE_CACHE/log/worker.log" media-server/mediasoup-worker/build-worker.sh node_modules/mediasoup "$MEDIASOUP_WORKER_BIN"
		finish
	fi
	exec 9>&-
}
