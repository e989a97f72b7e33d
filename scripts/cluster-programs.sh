# shellcheck shell=bash
# Sourced by cluster.sh. Downloads or builds one program of the cluster.

kubernetes_version=1.37.2

# download PROGRAM FILE: from dl.k8s.io, with a checksum check. Fails if dl.k8s.io cannot be reached.
download() {
	local arch url
	case $(uname -m) in x86_64) arch=amd64 ;; *) arch=arm64 ;; esac
	url=https://dl.k8s.io/release/v$kubernetes_version/bin/linux/$arch/$1
	curl -fsSL --connect-timeout 5 --max-time 600 -o "$2" "$url" &&
		printf '%s  %s\n' "$(curl -fsSL --connect-timeout 5 --max-time 60 "$url.sha256")" "$2" | sha256sum -c --quiet -
}

# lean_go_mod MODULE: prints a go.mod that uses the packages below MODULE/replaced instead of the original ones, whose
# imports take longer to compile than the programs themselves. Go's -overlay refuses files of the module cache, so the
# whole module of such a package is copied.
# Callers test its result, which disables errexit, so each step returns on failure.
lean_go_mod() {
	local source=$cluster_go/$1 work=${bin[$1]}/.build package module from folder
	if [ ! -e "$work/done" ]; then
		rm -rf "$work"
		mkdir -p "$work" || return
		cp "$source/go.mod" "$source/go.sum" "$work" || return
		while read -r package; do
			folder=$(cd "$source" && go list -find -f '{{.Module.Path}} {{.Module.Dir}} {{.Dir}}' "$package") || return
			read -r module from folder <<<"$folder"
			if [ ! -e "$work/$module" ]; then
				mkdir -p "$work/$module" && cp -r "$from/." "$work/$module" && chmod -R u+w "$work/$module" || return
				go mod edit -replace="$module=$work/$module" "$work/go.mod" || return
			fi
			folder=$work/$module${folder#"$from"}
			rm "$folder"/*.go && cp "$source/replaced/$package"/*.go "$folder" || return
		done < <(cd "$source/replaced" && find . -name '*.go' -printf '%P\n' | xargs -n 1 dirname | sort -u)
		touch "$work/done" || return
	fi
	printf '%s\n' "$work/go.mod"
}

# build MODULE FILE PACKAGE
build() {
	local version=k8s.io/component-base/version go_mod
	local flags="-s -w -X $version.gitVersion=v$kubernetes_version -X $version.gitMajor=1 -X $version.gitMinor=37"
	go_mod=$(lean_go_mod "$1") || return
	(cd "$cluster_go/$1" && CGO_ENABLED=0 go build -modfile "$go_mod" -trimpath -ldflags "$flags" -o "$2" "$3")
}

# fetch_sources: downloads the Go modules for the builds while the worker compiles.
fetch_sources() {
	local entry module package go_mod
	mkdir -p "${bin[@]}"
	for entry in "${cluster_missing[@]}"; do
		read -r module _ package <<<"$entry"
		go_mod=$(lean_go_mod "$module") || return
		(cd "$cluster_go/$module" && go list -modfile "$go_mod" -deps "$package")
	done
}

make_missing() {
	local downloads=no made=0 entry module name package new
	say "making the programs of the cluster (about 12 minutes on 2 cores for all ${#cluster_programs[@]}, once; they stay in the cache)"
	curl -fsSL --connect-timeout 5 --max-time 10 -o /dev/null "https://dl.k8s.io/release/v$kubernetes_version/bin/linux/amd64/kubeadm.sha256" 2>/dev/null && downloads=yes
	for entry in "${cluster_missing[@]}"; do
		read -r module name package <<<"$entry"
		made=$((made + 1))
		begin "$name ($made of ${#cluster_missing[@]})"
		new=${bin[$module]}/.$name.new
		if ! { [ "$downloads" = yes ] && [[ $package == "$kubernetes"/* ]] && download "$name" "$new" 2>/dev/null; }; then
			logged "$SLUICE_CACHE/log/go-$name.log" build "$module" "$new" "$package"
		fi
		chmod +x "$new"
		mv "$new" "${bin[$module]}/$name"
		finish
	done
	rm -rf "${bin[kubernetes]}/.build" "${bin[ingress]}/.build"
}
