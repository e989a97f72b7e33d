# shellcheck shell=bash
# Sourced with Debian packages as arguments. Does all of set-up. Downloads run while the worker compiles, and the image
# is built while the programs of the cluster compile: compilers use all processors, downloads and unpacking hardly any.

. "$here/cluster.sh"

fetch() {
	apt_packages "$@" "${cluster_packages[@]}"
	if [ "$with" = tests ]; then
		make_python
		make_nginx
	fi
	[ "$with" = cluster ] || make_sources
	if [ ${#cluster_missing[@]} -gt 0 ]; then
		. "$here/go.sh"
		begin 'fetching the Go modules of the cluster (a minute)'
		logged "$SLUICE_CACHE/log/go-modules.log" fetch_sources
		finish
	fi
}

make_image() {
	[ "${CLUSTER:-embedded}" != context ] || return 0
	begin 'building the Sluice image (two minutes)'
	logged "$SLUICE_CACHE/log/image.log" node test/cluster/main.ts images
	finish
}

worker_tools
beside fetch "$@"
fetching=$!
make_worker
wait "$fetching" || exit 1
if [ ${#cluster_missing[@]} -gt 0 ]; then
	beside make_image
	imaging=$!
	. "$here/go.sh"
	make_cluster_programs
	wait "$imaging" || exit 1
fi
. "$here/crds.sh"
