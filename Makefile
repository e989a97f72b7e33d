# `make` prints the targets. They install what they need once, outside the tree (SLUICE_CACHE).

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

# Installs Node, npm packages, the worker and Debian packages, and prints what it does and how long it takes.
RUN := scripts/run.sh
RESOURCES ?= examples/resources
# Cameras are read by a program of its own, which is built only if the resources name some.
MEDIA_SERVER_NEEDS = $(if $(shell grep -slrE '^kind: StreamCapture|\bcapture:' $(RESOURCES)),captures,worker)
# Address that `make media-server` listens on; 0.0.0.0 = all interfaces.
LISTEN ?= 127.0.0.1
# Image of MediaServers that do not set spec.image, for `make run`.
IMAGE ?= ghcr.io/sluice-dev/sluice:0.1.0
NODES ?= 2

.PHONY: help setup demo demo-standalone test check verify generate bench kick soak media-server backend run images image-context cluster cluster-down cluster-status kubeconfig clean

help: ## print the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-16s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: ## install what the other targets need (they also do it themselves)
	@$(RUN) --with tests true

demo: ## start Kubernetes, install the chart, and let browsers publish, play, lose and resume streams
	@echo 'The demo takes about two minutes. The first run takes about 20 minutes on 2 cores, mostly to build Kubernetes.'
	@$(RUN) --with cluster node test/demo/cluster.ts

demo-standalone: ## run the same demo with one media server, without Kubernetes and root
	@$(RUN) --with browser node test/demo/standalone.ts

test: ## run all checks and tests
	@$(RUN) --with tests scripts/test.sh

check: ## check format, lint, types, import directions, unused code, Markdown, generated files
	@$(RUN) scripts/check.sh

verify: ## check that the generated files are up to date
	@$(RUN) node crds/emit/main.ts --check
	@$(RUN) node scripts/bundle-plugin.ts --check

generate: ## write the CRDs, their reference, the chart's README and the kubectl plugin
	@$(RUN) node crds/emit/main.ts
	@$(RUN) node scripts/bundle-plugin.ts

bench: ## measure the figures of docs/performance.md; PARTS='kick joins' = only some, WRITE=FILE = write a page
	@$(RUN) --with bench node --expose-gc test/bench/main.ts --parts "$(PARTS)" --write "$(WRITE)" $(ARGS)

kick: ## measure when kicked players know; ARGS='--loss 20%', ARGS=--help
	@$(RUN) --with worker node test/bench/kick/main.ts $(ARGS)

soak: ## publish, play, kick and kill pods of a fleet for SOAK_SECONDS=600
	@SOAK_SECONDS=$(or $(SOAK_SECONDS),600) $(RUN) --with tests vitest run --project integration test/integration/fleet-soak.test.ts

media-server: ## run a media server from RESOURCES=DIR (default examples/resources); readiness: :9090/readyz
	@exec $(RUN) --with $(MEDIA_SERVER_NEEDS) node media-server/main.ts --resources "$(RESOURCES)" --listen-address "$(LISTEN)"

backend: ## run the sample backend on 127.0.0.1:8088
	@exec $(RUN) node examples/backend/backend.ts

run: ## run the operator against KUBECONFIG; IMAGE=NAME is the image of media servers
	@exec $(RUN) node operator/main.ts --listen-address 127.0.0.1 --no-leader-election --image "$(IMAGE)"

images: ## build the image; print its name and its archive
	@$(RUN) --with cluster node test/cluster/main.ts images

image-context: ## create the build context of the Dockerfile; print its path
	@$(RUN) --with worker scripts/image-context.sh

cluster: ## start Kubernetes on this machine, NODES=2 (needs root)
	@$(RUN) --with cluster node test/cluster/main.ts up $(NODES)

cluster-down: ## stop the cluster and remove all of it
	@$(RUN) --with cluster node test/cluster/main.ts down

cluster-status: ## print the hosts of the cluster
	@$(RUN) --with cluster node test/cluster/main.ts status

kubeconfig: ## print the path of the cluster's kubeconfig
	@$(RUN) node test/cluster/main.ts kubeconfig

clean: ## remove installed files from the tree; keep the cache
	rm -rf node_modules coverage
