# The doors to the project: `make demo`, `make test`. Everything they need they fetch themselves.
SHELL := /bin/bash
.PHONY: deps demo test e2e kind bench cluster cluster-down check generate clean
BIN := node_modules/.bin

# npm writes this file last: it is as new as the installed packages. `npm ci` installs what package-lock.json says, never writes it,
# and fails where it and package.json or the registry disagree. See docs/decisions/014-installed-from-the-lock.md.
node_modules/.package-lock.json: package.json package-lock.json
	@command -v npm >/dev/null || { echo "npm is missing: install Node.js (any maintained version) with npm." >&2; exit 1; }
	npm ci --no-audit --no-fund --loglevel=error

PROTOS := $(addprefix operator/envoy/proto/,generate.ts load-protos.ts describe-api.ts roots.ts) $(shell find operator/envoy/proto/extra -type f)
operator/envoy/proto/generated/descriptor.json: node_modules/.package-lock.json $(PROTOS)
	$(BIN)/node operator/envoy/proto/generate.ts

WEB := operator/dashboard/generate.ts $(wildcard operator/dashboard/views/json*.ts) $(shell find operator/dashboard/web -type f)
operator/dashboard/generated/site.json: node_modules/.package-lock.json $(WEB)
	$(BIN)/node operator/dashboard/generate.ts

deps: node_modules/.package-lock.json operator/envoy/proto/generated/descriptor.json operator/dashboard/generated/site.json

# A mesh on this machine: no cluster, no root, no Docker. `make demo ARGS=--once` plays the scenes and ends;
# `make demo ARGS=--telemetry` compares what others count with what was done.
demo: deps
	@$(BIN)/node demo/main.ts $(ARGS)

# Every check and test. Ends with `N passed, N failed`.
test: deps
	@$(BIN)/node test/run.ts $(ARGS)

# End to end, on real pods: on a cluster of its own (Linux, root, no Docker), or on the one that KUBECONFIG names.
e2e: deps
	@$(BIN)/node test/run.ts $(if $(KUBECONFIG),e2e,binaries "newest Kubernetes" "cluster tools" e2e)

# Speed and memory: `make bench S=1,2 N=1000 M=1000`. See test/bench/README.md.
bench: deps
	@$(BIN)/node test/bench/main.ts $(if $(S),--s $(S)) $(if $(N),--n $(N)) $(if $(M),--m $(M)) $(ARGS)

# A one-node Kubernetes on this machine (Linux, root, no Docker), and its end.
cluster: deps
	@$(BIN)/node test/cluster/up.ts $(ARGS)

cluster-down: deps
	@$(BIN)/node test/cluster/down.ts $(ARGS)

# A kind cluster with this project's image loaded and the operator installed; for machines with Docker.
IMAGE := ghcr.io/meshwright/meshwright:v0.1.0
kind:
	@command -v docker >/dev/null && command -v kind >/dev/null && command -v kubectl >/dev/null \
	  || { echo "make kind needs docker, kind and kubectl; without Docker, make cluster is a cluster, too." >&2; exit 1; }
	docker build --file deploy/Dockerfile --tag $(IMAGE) .
	kind get clusters | grep -qx meshwright || kind create cluster --config kind-config.yaml
	kind load docker-image --name meshwright $(IMAGE)
	kubectl --context kind-meshwright apply -f deploy/install.yaml
	kubectl --context kind-meshwright -n meshwright-system rollout status deployment/meshwright-operator --timeout=180s

# Static checks only.
check: deps
	npm run --silent check

generate: deps
	npm run --silent generate

clean:
	rm -rf node_modules operator/envoy/proto/generated operator/dashboard/generated coverage dist
