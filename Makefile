# Every target says what it does: run "make".

GO        ?= go
GOFUMPT   ?= $(GO) run mvdan.cc/gofumpt@v0.12.0
STATICCHECK ?= $(GO) run honnef.co/go/tools/cmd/staticcheck@v0.8.2
TESTFLAGS ?=
FUZZTIME  ?= 30s
ROUNDS    ?= 1000
STEPS     ?= 10000
SEED      ?= 20261130
ACCOUNTS  ?= 1000
HOURS     ?= 24
ORDERS    ?= 100000
READERS   ?= 200
LINES     ?= 100000
P99_MS    ?= 250
MINUTES   ?= 20
PEAK      ?= 1
NODES     ?= 1
BENCH     ?= .
SPECS     ?= ../shared/specs
VERSION   ?= 0.0.1
TARGETS   ?=

.DEFAULT_GOAL := help

.PHONY: help
help: ## Show this list
	@awk -F ':.*## ' '/^[a-z][a-z-]*:.*## / { printf "  %-16s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: build
build: ## Build the program as ./mallbridge: one static file, no cgo
	CGO_ENABLED=0 $(GO) build -trimpath -ldflags '-s -w' -o mallbridge .

.PHONY: release
release: ## Build programs, Debian packages, checksums and bill of materials of VERSION into dist/
	bash packaging/release $(VERSION) $(TARGETS)

.PHONY: install-test
install-test: needs ## Install, use, upgrade, lose and restore the packages on a machine in a folder (root)
	$(GO) test -count=1 -v -timeout 25m ./internal/install -install

.PHONY: demo
demo: ## Play one day with invented orders and simulated warehouses
	$(GO) run . demo

.PHONY: ci
ci: ## Run what the gate runs: format, vet, staticcheck, generated files, tests
	bash .ci/run

.PHONY: needs
needs: ## Install what tests need and this machine lacks
	bash .ci/needs

.PHONY: test
test: needs ## Run all tests
	$(GO) test -timeout 40m $(TESTFLAGS) ./...

.PHONY: race
race: needs ## Run all tests under the race detector (slow)
	$(GO) test -race -timeout 60m $(TESTFLAGS) ./...

.PHONY: lint
lint: ## Check formatting, go vet, staticcheck
	bash .ci/lint

.PHONY: fmt
fmt: ## Format the Go files
	$(GOFUMPT) -w .

.PHONY: generate
generate: ## Make the generated files again: schemas, samples, pages in docs/
	$(GO) generate ./...

.PHONY: generated
generated: ## Check that the generated files are up to date
	bash .ci/generated

.PHONY: docs
docs: ## Make a site of all pages in docs/ and the READMEs in dist/docs; it works from the disk
	$(GO) run ./internal/site -out dist/docs

.PHONY: screenshots
screenshots: needs ## Take pictures of the console's pages into screenshots/
	$(GO) test -count=1 -run TestInABrowser ./console -screenshots "$(CURDIR)/screenshots"

.PHONY: bench
bench: ## Run the benchmarks (BENCH=regexp chooses)
	$(GO) test -run '^$$' -bench '$(BENCH)' -benchmem ./...

.PHONY: bench-console
bench-console: ## Have READERS people read pages of ORDERS orders while a sheet of LINES lines is read
	ORDERS=$(ORDERS) READERS=$(READERS) LINES=$(LINES) ROUNDS=3 PAUSE_MS=2000 P99_MS=$(P99_MS) $(GO) test -count=1 -v -timeout 1h -run TestManyReaders ./console

.PHONY: load
load: ## Ask the malls of ACCOUNTS accounts for HOURS hours of a moved clock (TMPDIR=/dev/shm is faster)
	ACCOUNTS=$(ACCOUNTS) HOURS=$(HOURS) $(GO) test -count=1 -v -timeout 6h -run TestManyAccounts ./pipeline/extract

.PHONY: load-cluster
load-cluster: needs ## Run NODES machines over PostgreSQL for ACCOUNTS accounts and ORDERS orders a day (times PEAK), MINUTES long
	ACCOUNTS=$(ACCOUNTS) ORDERS=$(ORDERS) PEAK=$(PEAK) MINUTES=$(MINUTES) NODES=$(NODES) $(GO) test -count=1 -v -timeout 6h -run TestCluster ./internal/load

.PHONY: torture
torture: needs ## Kill the program at every step and at random, ROUNDS times, and balance the books
	$(GO) test -count=1 -v -timeout 6h ./internal/torture -torture.rounds=$(ROUNDS)

.PHONY: contract
contract: ## Hold the connectors' calls against the malls' official contracts in the folder SPECS
	bash .ci/contract '$(SPECS)'

.PHONY: walk
walk: ## Take a random walk of STEPS steps with SEED through shops, malls, warehouses and crashes (TMPDIR=/dev/shm is faster)
	$(GO) test -count=1 -v -timeout 6h -run '^TestWalk$$' ./internal/walk -walk.steps=$(STEPS) -walk.seed=$(SEED) -walk.rest=250

.PHONY: torture-cluster
torture-cluster: needs ## Three machines over one PostgreSQL: kill, freeze, cut off, start the database anew, ROUNDS times
	$(GO) test -count=1 -v -timeout 12h ./internal/cluster -cluster.rounds=$(ROUNDS) $(TESTFLAGS)

.PHONY: fuzz
fuzz: ## Run every fuzz target for FUZZTIME each
	bash .ci/fuzz $(FUZZTIME)

.PHONY: cover
cover: needs ## Write coverage.html and print the coverage of each package
	$(GO) test -coverpkg=./... -coverprofile=coverage.out ./...
	$(GO) tool cover -html=coverage.out -o coverage.html
	$(GO) tool cover -func=coverage.out | tail -1

.PHONY: clean
clean: ## Remove what the other targets make
	rm -rf mallbridge dist screenshots coverage.out coverage.html
