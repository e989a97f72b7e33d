# Sluice. `make` prints the targets. Set-up happens by itself, once, outside the tree (SLUICE_CACHE).

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

# Node, npm packages, the worker and, for tests and the demo, Debian packages. Each says what it does and how long it takes.
RUN := scripts/run.sh
RESOURCES ?= examples/resources
# Who may reach a media server that is run by hand; 0.0.0.0 = everyone.
LISTEN ?= 127.0.0.1
# Of media servers that name none, when the operator is run by hand.
IMAGE ?= ghcr.io/sluice-dev/sluice:0.1.0
NODES ?= 2

.PHONY: help setup demo demo-standalone test check verify generate bench media-server backend run images image-context cluster cluster-down cluster-status kubeconfig clean

help: ## print the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-16s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: ## install all that the other targets need (they do it themselves as well)
	@$(RUN) --with tests true

demo: ## a real Kubernetes, Helm, kubectl apply; streams published, played, ended and resumed by real browsers
	@echo 'This takes about two minutes; the first time half an hour on 2 cores, nearly all of it building Kubernetes.'
	@$(RUN) --with cluster node test/demo/cluster.ts

demo-standalone: ## the same story with one media server and no Kubernetes; needs no root
	@$(RUN) --with browser node test/demo/standalone.ts

test: ## everything: checks, unit, integration and end-to-end tests
	@$(RUN) --with tests scripts/test.sh

check: ## format, lint, types, unused code, import directions, generated files
	@$(RUN) scripts/check.sh

verify: ## are the generated files current?
	@$(RUN) node crds/emit/main.ts --check

generate: ## write CRDs and their reference from the schemas
	@$(RUN) node crds/emit/main.ts

bench: ## measure what docs/performance.md promises, with medians and percentiles
	@$(RUN) --with cluster node --expose-gc test/bench/main.ts

media-server: ## run one in the foreground from RESOURCES=DIR (default examples/resources); ready on :9090/readyz
	@exec $(RUN) --with worker node media-server/main.ts --resources "$(RESOURCES)" --listen-address "$(LISTEN)"

backend: ## the sample backend in the foreground, on 127.0.0.1:8088
	@exec $(RUN) node examples/backend/backend.ts

run: ## the operator in the foreground, against KUBECONFIG; IMAGE=NAME of the media servers
	@exec $(RUN) node operator/main.ts --listen-address 127.0.0.1 --no-leader-election --image "$(IMAGE)"

images: ## build the image of both programs; prints its name and its archive
	@$(RUN) --with cluster node test/cluster/main.ts images

image-context: ## the folder that the Dockerfile is built from; prints its path
	@$(RUN) --with worker scripts/image-context.sh

cluster: ## a real Kubernetes on this machine, NODES=2 (CLUSTER=embedded; needs root)
	@$(RUN) --with cluster node test/cluster/main.ts up $(NODES)

cluster-down: ## take it down again, from whatever state
	@$(RUN) --with cluster node test/cluster/main.ts down

cluster-status: ## its hosts
	@$(RUN) --with cluster node test/cluster/main.ts status

kubeconfig: ## print the path of its kubeconfig
	@$(RUN) node test/cluster/main.ts kubeconfig

clean: ## remove what was installed into the tree; the cache stays
	rm -rf node_modules coverage
