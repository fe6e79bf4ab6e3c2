# Tenantry: what people do in this repository. "make" alone explains itself.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.NOTPARALLEL: # steps of "check" come in their order, and share two cores badly

# The version is given below. Asking git once more fails where the checkout
# belongs to another user, as in many runners.
export GOFLAGS := $(strip $(GOFLAGS) -buildvcs=false)

GO ?= go
VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
FUZZTIME ?= 10s

# Files that "make generate" writes and that are committed.
GENERATED := adapters/httpapi/openapi.json $(wildcard adapters/httpapi/compat/*/openapi.json) docs/errors.md docs/permissions.md docs/audit-actions.md

# What is built with the race detector sleeps for a second before it ends.
export GORACE := atexit_sleep_ms=10

# What the tests measured, a row each; printed when they have passed.
FIGURES := $(CURDIR)/bin/figures.md

# The suites that measure, crowd or starve the program, or run others' programs
# against it, judge it as it is shipped. The others search for data races, too,
# but not in SQLite: it is C turned into Go, not ours, and would take as long as
# all the rest. In both halves what takes longest begins first, so that no core
# waits for it at the end.
AS_SHIPPED := overload faults timing fuzz operate races rollout compat contracts isolation gateways monitoring secrets tour
LONGEST := ./test/api ./test/replicas ./adapters/postgres
UNSEARCHED := -gcflags=modernc.org/sqlite/lib=-race=false -gcflags=modernc.org/libc/...=-race=false

# Tools are pinned here and built beside the sources, so that they never weigh
# on the program's own dependencies.
LINT_VERSION := v2.15.0
LINT := bin/tools/golangci-lint-$(LINT_VERSION)

# Of the tests of the whole API, those that run once more for each commit by round
# robin over three replicas, by their names. A release runs all of them.
BY_TURNS := Once|Ends|NextRequest

##@ Work

.PHONY: help
help: ## Show this help
	@awk 'BEGIN { FS = ":.*## " } \
		/^##@ / { printf "\n%s\n", substr($$0, 5) } \
		/^[a-z-]+:.*## / { printf "  %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: run
run: ## Start the server on SQLite: http://127.0.0.1:8080, data in tenantry.db
	$(GO) run ./cmd/tenantry serve

.PHONY: build
# Without gin's MessagePack codec, which nothing here speaks: 6 MB less.
build: ## Build the static binary bin/tenantry
	CGO_ENABLED=0 $(GO) build -tags nomsgpack -trimpath -ldflags '-s -w -X main.version=$(VERSION)' -o bin/tenantry ./cmd/tenantry

.PHONY: generate
generate: ## Write the generated files
	$(GO) generate ./...

.PHONY: compatibility
compatibility: ## Try the published documents, and write docs/compatibility.md
	@./test/ensure.sh postgres
	$(GO) test -count=1 ./test/contracts -update

.PHONY: fmt
fmt: ## Format the sources
	gofmt -w $$(find . -name '*.go' -not -path './.*')

##@ Judge

.PHONY: check
check: fmt-check vet lint verify test ## Everything that CI runs, in the same order

.PHONY: test
# "make check" vets everything before, and more closely than go test does by itself.
test: ## Run all tests on both engines; installs PostgreSQL and what else they start where it can
	@./test/ensure.sh
	@mkdir -p bin && rm -f $(FIGURES)
	TENANTRY_FIGURES=$(FIGURES) GOFLAGS="$(GOFLAGS) $(UNSEARCHED)" CGO_ENABLED=1 \
		$(GO) test -vet=off -race -shuffle=on -count=1 -timeout 30m $(LONGEST) $$($(GO) list ./... | grep -vE '/test/($(subst $() ,|,$(AS_SHIPPED)))$$')
	TENANTRY_FIGURES=$(FIGURES) $(GO) test -vet=off -shuffle=on -count=1 -timeout 30m $(AS_SHIPPED:%=./test/%)
	TENANTRY_TEST_REPLICAS=3 $(GO) test -vet=off -shuffle=on -count=1 -timeout 30m -run '$(BY_TURNS)' ./test/api
	@[ ! -f $(FIGURES) ] || sort $(FIGURES)

.PHONY: test-long
test-long: ## Run the tests at the length of a release: hours
	@./test/ensure.sh
	@mkdir -p bin && rm -f $(FIGURES)
	TENANTRY_TEST_LONG=1 TENANTRY_FIGURES=$(FIGURES) $(GO) test -p 1 -count=1 -timeout 8h ./test/...
	TENANTRY_TEST_REPLICAS=3 TENANTRY_FIGURES=$(FIGURES) $(GO) test -count=1 -timeout 1h ./test/api
	@[ ! -f $(FIGURES) ] || sort $(FIGURES)

.PHONY: fmt-check
fmt-check: ## Fail on sources that gofmt would change
	@unformatted=$$(gofmt -l $$(find . -name '*.go' -not -path './.*')); \
	if [ -n "$$unformatted" ]; then printf 'run "make fmt" on:\n%s\n' "$$unformatted" >&2; exit 1; fi

.PHONY: vet
vet: ## Run go vet
	$(GO) vet ./...

.PHONY: lint
lint: $(LINT) ## Run golangci-lint; the first time builds it (a minute or two)
	$(LINT) run ./...

$(LINT):
	GOBIN=$(CURDIR)/bin/tools $(GO) install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(LINT_VERSION)
	@mv bin/tools/golangci-lint $@

# Compares with the files as they were, not with the last commit: a change that
# is regenerated but not yet committed is in order.
.PHONY: verify
verify: ## Fail when a generated file is not what generation gives
	@before=$$(mktemp -d); trap 'rm -rf "$$before"' EXIT; \
	for file in $(GENERATED); do \
		[ -f "$$file" ] || { echo "$$file is missing: run \"make generate\" and commit it" >&2; exit 1; }; \
		mkdir -p "$$before/$$(dirname "$$file")"; cp "$$file" "$$before/$$file"; \
	done; \
	$(GO) generate ./...; \
	stale=0; \
	for file in $(GENERATED); do diff -u "$$before/$$file" "$$file" >&2 || stale=1; done; \
	if [ $$stale = 1 ]; then echo 'generated files were stale and are written anew: commit them' >&2; exit 1; fi

.PHONY: docker-config
docker-config: ## Check docker-compose.yml, where Docker Compose is installed
	@if docker compose version >/dev/null 2>&1; then MASTER_KEY=unused docker compose config -q; \
	else echo 'Docker Compose is not installed: docker-compose.yml was not checked'; fi

##@ Look closer

.PHONY: cover
cover: ## Measure which statements the tests reach: bin/cover.html
	@./test/ensure.sh
	@mkdir -p bin
	$(GO) test -count=1 -timeout 20m -coverpkg=./... -coverprofile=bin/cover.out ./...
	$(GO) tool cover -html=bin/cover.out -o bin/cover.html
	@$(GO) tool cover -func=bin/cover.out | tail -n 1

.PHONY: fuzz
fuzz: ## Run each fuzz target for FUZZTIME (10s)
	@{ grep -rEo --include='*_test.go' '^func Fuzz[A-Za-z0-9_]+' . || true; } | sort | while IFS=: read -r file function; do \
		echo "$${function#func } in $$(dirname "$$file")"; \
		$(GO) test -run='^$$' -fuzz="^$${function#func }$$" -fuzztime=$(FUZZTIME) "$$(dirname "$$file")" </dev/null || exit 1; \
	done

.PHONY: mutants
mutants: ## Take one barrier between tenants out at a time; every time a test must fail (half an hour)
	$(GO) run ./test/mutants -write docs/security-testing.md

.PHONY: bench
bench: ## Measure the running program
	$(GO) test -run none -bench . -benchtime 1x -timeout 30m ./test/bench

.PHONY: clean
clean: ## Remove what was built; data and tools stay
	rm -rf bin/tenantry bin/cover.out bin/cover.html
