# shellcheck shell=bash
# Sourced. Puts a Node that runs TypeScript first in PATH: the system's if it is new enough, else the official download,
# else the binary from the npm package node-linux-<arch>.

node_version=24.21.0
node_least=24.11.0

new_enough() {
	local version
	version=$("$1" --version 2>/dev/null) || return 1
	[ "$(printf 'v%s\n%s\n' "$node_least" "$version" | sort -V | head -n 1)" = "v$node_least" ]
}

node_home=$SLUICE_CACHE/node-$node_version
if [ -x "$node_home/bin/node" ]; then
	PATH=$node_home/bin:$PATH
elif ! new_enough node; then
	case $(uname -m) in
		x86_64) node_arch=x64 ;;
		aarch64) node_arch=arm64 ;;
		*) fail "Node $node_least or newer is required; no download is available for $(uname -m)" ;;
	esac
	begin "fetching Node $node_version (half a minute)"
	node_new=$(mktemp -d "$SLUICE_CACHE/node.XXXXXX")
	node_file=node-v$node_version-linux-$node_arch.tar.xz
	node_url=https://nodejs.org/dist/v$node_version
	if command -v curl >/dev/null &&
		curl -fsSL --connect-timeout 5 --max-time 300 -o "$node_new/SHASUMS256.txt" "$node_url/SHASUMS256.txt" 2>/dev/null &&
		curl -fsSL --connect-timeout 5 --max-time 600 -o "$node_new/$node_file" "$node_url/$node_file" 2>/dev/null; then
		(cd "$node_new" && grep " $node_file\$" SHASUMS256.txt | sha256sum -c --quiet -) || fail "the download of Node does not match its checksum"
		tar -xf "$node_new/$node_file" -C "$node_new" --strip-components=1
	else
		command -v npm >/dev/null || apt_packages npm
		# npm checks the download against the integrity hash of the registry.
		(cd "$node_new" && npm pack --silent "node-linux-$node_arch@$node_version" >/dev/null 2>"$node_new/npm.log") ||
			{ cat "$node_new/npm.log" >&2; fail "Node $node_version could not be downloaded from nodejs.org or the npm registry"; }
		tar -xf "$node_new"/node-linux-*.tgz -C "$node_new" --strip-components=1
		# The package has only the node binary, so the system's npm runs on it.
	fi
	"$node_new/bin/node" --version >/dev/null || fail "the downloaded Node does not run on this machine"
	rm -f "$node_new"/*.tgz "$node_new"/*.tar.xz
	[ -d "$node_home" ] && rm -rf "$node_new" || mv "$node_new" "$node_home"
	finish
	PATH=$node_home/bin:$PATH
fi
export PATH
