# shellcheck shell=bash
# Sourced. Puts a Go that is new enough for the cluster in PATH: the system's, or the toolchain of the Go module proxy.

go_version=1.26.8
go_least=1.26.7
# Toolchain modules never change; a new version needs new checksums.
declare -A go_sha256=(
	[amd64]=30c2b1bf7dcc88d3eb0a1364e47ddd9128edb3110a30e8a0ef61cd5856b31de7
	[arm64]=02b36b6787b3ac767668f630e2998df45a3b1f9ffee08d1bf3ef6487cd658d99
)
go_home=$SLUICE_CACHE/go-$go_version

go_new_enough() {
	local version
	version=$(go env GOVERSION 2>/dev/null) || return 1
	[ "$(printf 'go%s\n%s\n' "$go_least" "$version" | sort -V | head -n 1)" = "go$go_least" ]
}

[ -x "$go_home/bin/go" ] && PATH=$go_home/bin:$PATH
if ! go_new_enough; then
	command -v curl >/dev/null && command -v unzip >/dev/null || apt_packages curl ca-certificates unzip
	case $(uname -m) in x86_64) go_arch=amd64 ;; *) go_arch=arm64 ;; esac
	begin "fetching Go $go_version (half a minute)"
	go_new=$(mktemp -d "$SLUICE_CACHE/go.XXXXXX")
	go_file=v0.0.1-go$go_version.linux-$go_arch.zip
	curl -fsSL --max-time 600 -o "$go_new/go.zip" "https://proxy.golang.org/golang.org/toolchain/@v/$go_file" ||
		fail "Go $go_version could not be downloaded from proxy.golang.org"
	printf '%s  %s\n' "${go_sha256[$go_arch]}" "$go_new/go.zip" | sha256sum -c --quiet - ||
		fail "the download of Go does not match its checksum"
	(cd "$go_new" && unzip -q go.zip && rm go.zip && mv golang.org/toolchain@*/* . && rm -r golang.org &&
		chmod +x bin/* pkg/tool/*/*) || fail "the download of Go could not be unpacked"
	# Another run may have been faster.
	[ -d "$go_home" ] && rm -rf "$go_new" || mv "$go_new" "$go_home"
	finish
	PATH=$go_home/bin:$PATH
fi
export PATH
