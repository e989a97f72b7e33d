# shellcheck shell=bash
# Sourced. Makes the programs of the embedded cluster (test/cluster): Kubernetes, etcd, containerd, CoreDNS, Helm and
# the ingress controller Traefik. Kubernetes is downloaded from dl.k8s.io if possible; everything else is built from Go
# modules that go.sum pins. With CLUSTER=kind or context, only kubectl and Helm are made, unless they are installed.

. "$here/cluster-programs.sh"

cluster_go=$PWD/test/cluster/go

# folder_of MODULE: prints the folder of its programs, named by the hash of their sources.
folder_of() {
	local hash
	hash=$(cd "$cluster_go/$1" && find . -type f -print0 | sort -z | xargs -0 sha256sum | sha256sum | cut -c 1-16)
	printf '%s\n' "$SLUICE_CACHE/cluster/$1-$hash"
}
SLUICE_CLUSTER_BIN=$(folder_of kubernetes)
SLUICE_INGRESS_BIN=$(folder_of ingress)
declare -A bin=([kubernetes]=$SLUICE_CLUSTER_BIN [ingress]=$SLUICE_INGRESS_BIN)
export SLUICE_CLUSTER_BIN SLUICE_INGRESS_BIN
PATH=$SLUICE_CLUSTER_BIN:$PATH
export PATH

kubernetes=k8s.io/kubernetes/cmd
containerd=github.com/containerd/containerd/v2/cmd
# The order matters for speed: each program shares packages with earlier ones.
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

# missing MODULE NAME: succeeds if the program must be made.
missing() {
	[ ! -x "${bin[$1]}/$2" ] || return 1
	[ "${CLUSTER:-embedded}" = embedded ] && return 0
	[[ $2 =~ ^(kubectl|helm)$ ]] && ! command -v "$2" >/dev/null
}

look_for_missing() {
	local entry module name
	cluster_missing=()
	for entry in "${cluster_programs[@]}"; do
		read -r module name _ <<<"$entry"
		if missing "$module" "$name"; then cluster_missing+=("$entry"); fi
	done
}
look_for_missing

make_cluster_programs() {
	[ ${#cluster_missing[@]} -gt 0 ] || return 0
	mkdir -p "${bin[@]}"
	# Only one process builds; the others wait and find the result.
	exec 9>"$SLUICE_CACHE/cluster/.lock"
	flock 9
	look_for_missing
	if [ ${#cluster_missing[@]} -gt 0 ]; then make_missing; fi
	exec 9>&-
}
