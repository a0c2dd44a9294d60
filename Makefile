.DEFAULT_GOAL := help
GO ?= go
SEEDS ?= 200
FIRST ?= 1
CHECKS ?= 10000

.PHONY: help run build kubectl test e2e lint golden bench simulate properties

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z0-9]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: build ## build and run the first scenario
	bin/minisim run redis-app

build: ## build bin/minisim, showing what is compiled
	@mkdir -p bin
	$(GO) build -v -o bin/minisim ./cmd/minisim

# Kubernetes 1.36 is version 0.36 of its libraries. The linker tells it kubectl.
KUBECTL_VERSION = $(shell cd cmd/minisim-kubectl && $(GO) list -m -f '{{.Version}}' k8s.io/kubectl | sed s/^v0/v1/)
KUBECTL_FLAGS = -X k8s.io/component-base/version.gitVersion=$(KUBECTL_VERSION)

kubectl: ## build bin/minisim-kubectl, for minisim kubectl where there is no kubectl
	@mkdir -p bin
	cd cmd/minisim-kubectl && $(GO) build -v -ldflags "-s -w $(KUBECTL_FLAGS)" -o ../../bin/minisim-kubectl .

test: ## run all tests
	$(GO) test ./...

e2e: ## drive it with kubectl, Helm, controller-runtime and client-go
	cd e2e && $(GO) test ./...

lint: ## formatting, vet and the house rules
	@test -z "$$(gofmt -l .)" || { gofmt -l .; echo "run gofmt -w on these files"; exit 1; }
	$(GO) vet ./...
	$(GO) mod verify
	$(GO) mod tidy -diff
	cd e2e && $(GO) vet ./... && $(GO) mod tidy -diff
	cd cmd/minisim-kubectl && $(GO) vet . && $(GO) mod tidy -diff
	$(GO) test ./internal/tidy

golden: ## rewrite the golden files; read the diff before you commit it
	$(GO) test ./cmd/minisim ./sim/compose ./ui/tui -run 'Golden|Split' -update
	$(GO) test ./sim/scenario -run Reference -update

bench: ## measure speed and memory on this machine
	$(GO) run ./cmd/bench

simulate: ## run SEEDS random clusters with faults and check the invariants
	$(GO) run ./cmd/simulate -seeds $(SEEDS) -first $(FIRST)

properties: ## hold the scheduler against plain rules on CHECKS random clusters
	$(GO) test ./sim/scheduler -run 'Plain|Kept' -rapid.checks=$(CHECKS)
