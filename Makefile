# Sluice. `make` prints the targets. Set-up happens by itself, once, outside the tree (SLUICE_CACHE).

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

# Node, npm packages, the worker and, for tests and the demo, Debian packages. Each says what it does and how long it takes.
RUN := test/setup/run.sh
RESOURCES ?= examples/resources
# Who may reach a media server that is run by hand; 0.0.0.0 = everyone.
LISTEN ?= 127.0.0.1

.PHONY: help setup demo demo-standalone test check verify generate bench media-server clean

help: ## print the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-16s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: ## install all that the other targets need (they do it themselves as well)
	@$(RUN) --with tests true

demo: demo-standalone ## see streams published, played, ended and resumed by real browsers

demo-standalone:
	@$(RUN) --with browser node test/demo/main.ts

test: ## everything: checks, unit, integration and end-to-end tests
	@$(RUN) --with tests test/setup/test.sh

check: ## format, lint, types, unused code, import directions, generated files
	@$(RUN) test/setup/check.sh

verify: ## are the generated files current?
	@$(RUN) node crds/emit/main.ts --check

generate: ## write CRDs and their reference from the schemas
	@$(RUN) node crds/emit/main.ts

bench: ## measure what docs/performance.md promises, with medians and percentiles
	@$(RUN) --with worker node --expose-gc test/bench/main.ts

media-server: ## run one in the foreground from RESOURCES=DIR (default examples/resources); ready on :9090/readyz
	@exec $(RUN) --with worker node media-server/main.ts --resources $(RESOURCES) --listen-address $(LISTEN)

clean: ## remove what was installed into the tree; the cache stays
	rm -rf node_modules coverage
