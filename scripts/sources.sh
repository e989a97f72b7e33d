# shellcheck shell=bash
# Sourced. Finds sluice-sources in SLUICE_SOURCES_BIN or in the cache, or builds it (media-server/capture/sources/README.md).

if [ -z "${SLUICE_SOURCES_BIN:-}" ]; then
	SLUICE_SOURCES_BIN=$SLUICE_CACHE/sources/$(folder_hash media-server/capture/sources)/sluice-sources
fi
export SLUICE_SOURCES_BIN

make_sources() {
	apt_packages "${sources_packages[@]}"
	[ ! -x "$SLUICE_SOURCES_BIN" ] || return 0
	begin 'building sluice-sources (a few seconds)'
	logged "$SLUICE_CACHE/log/sources.log" media-server/capture/sources/build.sh "$SLUICE_SOURCES_BIN"
	finish
}
