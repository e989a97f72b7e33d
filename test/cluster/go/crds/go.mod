module sluice.dev/test/cluster/crds

go 1.26.6

require (
	github.com/prometheus-operator/prometheus-operator v0.86.1
	sigs.k8s.io/gateway-api v1.4.0
)
