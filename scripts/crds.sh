# shellcheck shell=bash
# Sourced: definitions of the Gateway API and of the Prometheus operator, as their projects release them, in one folder.

SLUICE_CRDS=$SLUICE_CACHE/crds/$(cat test/cluster/go/crds/go.mod scripts/crds.sh | sha256sum | cut -c 1-16)
if [ ! -e "$SLUICE_CRDS" ]; then
	. "$here/go.sh"
	begin "fetching definitions of the Gateway API and of the Prometheus operator (a few seconds)"
	mkdir -p "$SLUICE_CACHE/crds"
	crds_new=$(mktemp -d "$SLUICE_CACHE/crds/new.XXXXXX")
	folder_of() { (cd test/cluster/go/crds && go mod download "$1" && go list -m -mod=mod -f '{{.Dir}}' "$1"); }
	gateway_api=$(folder_of sigs.k8s.io/gateway-api)
	prometheus=$(folder_of github.com/prometheus-operator/prometheus-operator)
	mkdir "$crds_new/gateway" "$crds_new/prometheus"
	for kind in gatewayclasses gateways httproutes referencegrants grpcroutes backendtlspolicies; do
		cp "$gateway_api/config/crd/standard/gateway.networking.k8s.io_$kind.yaml" "$crds_new/gateway"
	done
	for kind in podmonitors prometheusrules; do
		cp "$prometheus/example/prometheus-operator-crd/monitoring.coreos.com_$kind.yaml" "$crds_new/prometheus"
	done
	chmod -R u+w "$crds_new"
	mv -T "$crds_new" "$SLUICE_CRDS" 2>/dev/null || rm -rf "$crds_new"
	finish
fi
export SLUICE_CRDS
