# shellcheck shell=bash
# Sourced: the programs of the embedded cluster (test/cluster) in one folder: Kubernetes, etcd, containerd, CoreDNS, Helm
# and the ingress controller Traefik. Kubernetes' own downloads where they answer; everything else, and Kubernetes where they
# do not, from Go modules that go.sum pins. With a cluster of the user's (CLUSTER=kind or context) only kubectl and Helm, unless
# they are installed.

case ${CLUSTER:-embedded} in
	embedded)
		apt_packages runc containernetworking-plugins iptables nftables conntrack iproute2 busybox-static buildah mmdebstrap
		;;
	kind) apt_packages iproute2 buildah mmdebstrap ;;
	*) apt_packages iproute2 ;;
esac

kubernetes_version=1.37.2
SLUICE_CLUSTER_BIN=$SLUICE_CACHE/cluster/$(cat test/cluster/go/{ingress,kubernetes}/go.mod test/cluster/go/{ingress,kubernetes}/go.sum | sha256sum | cut -c 1-16)

kubernetes=k8s.io/kubernetes/cmd
containerd=github.com/containerd/containerd/v2/cmd
# In this order: each shares packages with the ones before it.
cluster_programs=(
	"kubernetes kube-apiserver $kubernetes/kube-apiserver"
	"kubernetes kubelet $kubernetes/kubelet"
	"kubernetes kube-controller-manager $kubernetes/kube-controller-manager"
	"kubernetes kube-scheduler $kubernetes/kube-scheduler"
	"kubernetes kube-proxy $kubernetes/kube-proxy"
	"kubernetes kubectl $kubernetes/kubectl"
	"kubernetes kubeadm $kubernetes/kubeadm"
	'kubernetes etcd go.etcd.io/etcd/server/v3'
	'kubernetes helm helm.sh/helm/v4/cmd/helm'
	'kubernetes coredns github.com/coredns/coredns'
	"kubernetes containerd $containerd/containerd"
	"kubernetes ctr $containerd/ctr"
	"kubernetes containerd-shim-runc-v2 $containerd/containerd-shim-runc-v2"
	'ingress traefik github.com/traefik/traefik/v3/cmd/traefik'
)

# download PROGRAM FILE: from dl.k8s.io, checked by its checksum; fails where that cannot be reached.
download() {
	local arch url
	case $(uname -m) in x86_64) arch=amd64 ;; *) arch=arm64 ;; esac
	url=https://dl.k8s.io/release/v$kubernetes_version/bin/linux/$arch/$1
	curl -fsSL --connect-timeout 5 --max-time 600 -o "$2" "$url" &&
		printf '%s  %s\n' "$(curl -fsSL --connect-timeout 5 --max-time 60 "$url.sha256")" "$2" | sha256sum -c --quiet -
}

# build MODULE FILE PACKAGE
build() {
	local version=k8s.io/component-base/version
	local flags="-s -w -X $version.gitVersion=v$kubernetes_version -X $version.gitMajor=1 -X $version.gitMinor=37"
	(cd "test/cluster/go/$1" && CGO_ENABLED=0 go build -trimpath -ldflags "$flags" -o "$2" "$3")
}

# missing PROGRAM: is to be made.
missing() {
	[ ! -x "$SLUICE_CLUSTER_BIN/$1" ] || return 1
	[ "${CLUSTER:-embedded}" = embedded ] && return 0
	[[ $1 =~ ^(kubectl|helm)$ ]] && ! command -v "$1" >/dev/null
}

look_for_missing() {
	local entry name
	cluster_missing=()
	for entry in "${cluster_programs[@]}"; do
		read -r _ name _ <<<"$entry"
		if missing "$name"; then cluster_missing+=("$entry"); fi
	done
}

make_missing() {
	local downloads=no made=0 entry module name package new
	. "$here/go.sh"
	say "making programs of the cluster (about 20 minutes on 2 cores for all ${#cluster_programs[@]}, once; what is built stays in the cache)"
	curl -fsSL --connect-timeout 5 --max-time 10 -o /dev/null "https://dl.k8s.io/release/v$kubernetes_version/bin/linux/amd64/kubeadm.sha256" 2>/dev/null && downloads=yes
	for entry in "${cluster_missing[@]}"; do
		read -r module name package <<<"$entry"
		made=$((made + 1))
		say "$name ($made of ${#cluster_missing[@]})"
		new=$SLUICE_CLUSTER_BIN/.$name.new
		if ! { [ "$downloads" = yes ] && [[ $package == "$kubernetes"/* ]] && download "$name" "$new" 2>/dev/null; }; then
			logged "$SLUICE_CACHE/log/go-$name.log" build "$module" "$new" "$package"
		fi
		chmod +x "$new"
		mv "$new" "$SLUICE_CLUSTER_BIN/$name"
	done
}

look_for_missing
if [ ${#cluster_missing[@]} -gt 0 ]; then
	mkdir -p "$SLUICE_CLUSTER_BIN"
	# One build at a time; who waited finds it done.
	exec 9>"$SLUICE_CACHE/cluster/.lock"
	flock 9
	look_for_missing
	if [ ${#cluster_missing[@]} -gt 0 ]; then make_missing; fi
	exec 9>&-
fi
export SLUICE_CLUSTER_BIN
PATH=$SLUICE_CLUSTER_BIN:$PATH
export PATH
. "$here/crds.sh"
