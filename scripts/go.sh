# shellcheck shell=bash
# Sourced: a Go new enough for the cluster's modules. The system's, else the one that the Go module proxy keeps as a module.

go_version=1.26.8
go_least=1.26.7
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
	(cd "$go_new" && unzip -q go.zip && chmod +x ./*/*/bin/* ./*/*/pkg/tool/*/* 2>/dev/null
	mv golang.org/toolchain@*/* . && rm -rf golang.org go.zip)
	mv -T "$go_new" "$go_home"
	finish
	PATH=$go_home/bin:$PATH
fi
export PATH
