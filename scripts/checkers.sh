# shellcheck shell=bash
# Sourced. Builds checkers from Go modules that go.sum pins: promtool for metrics and alerts, kube-score and kubeconform
# for manifests.

SLUICE_CHECKERS_BIN=$SLUICE_CACHE/checkers/$(cat test/cluster/go/{manifests,prometheus}/go.{mod,sum} | sha256sum | cut -c 1-16)

checkers=(
	'manifests kubeconform github.com/yannh/kubeconform/cmd/kubeconform'
	'manifests kube-score github.com/zegl/kube-score/cmd/kube-score'
	'prometheus promtool github.com/prometheus/prometheus/cmd/promtool'
)

# Without the clients of cloud providers, promtool builds in a third of the time.
build_checker() {
	(cd "test/cluster/go/$1" && CGO_ENABLED=0 go build -trimpath -tags remove_all_sd -ldflags '-s -w' -o "$2" "$3")
}

make_checkers() {
	local entry module name package new
	. "$here/go.sh"
	for entry in "${checkers[@]}"; do
		read -r module name package <<<"$entry"
		[ ! -x "$SLUICE_CHECKERS_BIN/$name" ] || continue
		begin "making $name (up to two minutes, once)"
		new=$SLUICE_CHECKERS_BIN/.$name.new
		logged "$SLUICE_CACHE/log/go-$name.log" build_checker "$module" "$new" "$package"
		mv "$new" "$SLUICE_CHECKERS_BIN/$name"
		finish
	done
}

if ! [ -x "$SLUICE_CHECKERS_BIN/kubeconform" ] || ! [ -x "$SLUICE_CHECKERS_BIN/kube-score" ] || ! [ -x "$SLUICE_CHECKERS_BIN/promtool" ]; then
	mkdir -p "$SLUICE_CHECKERS_BIN"
	# Only one process builds; the others wait and find the result.
	exec 9>"$SLUICE_CACHE/checkers/.lock"
	flock 9
	make_checkers
	exec 9>&-
fi
PATH=$SLUICE_CHECKERS_BIN:$PATH
export PATH
