# Everything that a person does with this project. `make` alone lists it.

GO      ?= go
BIN     := bin/holdfast
VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
BUILD   := CGO_ENABLED=0 $(GO) build -trimpath -ldflags "-X main.version=$(VERSION)"

.DEFAULT_GOAL := help
.PHONY: help build static demo test engine lint race kill memory bench bench-kafka shops integration fuzz up down clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

build: ## build bin/holdfast, static
	@mkdir -p bin
	$(BUILD) -o $(BIN) ./cmd/holdfast

static: ## build bin/holdfast-static as the image has it: no shared library, no embedded engine
	@mkdir -p bin
	$(BUILD) -tags holdfast_static,timetzdata -o bin/holdfast-static ./cmd/holdfast

demo: build ## see it work, nothing else needed; ARGS="--for 30s --seed 7"
	@./$(BIN) demo $(ARGS)

engine: build ## fetch the embedded ClickHouse into the user's cache, once
	@./$(BIN) engines --fetch-only || echo "no embedded ClickHouse (see above): the tests that need it are skipped and say so"

test: engine ## everything that must hold, in under five minutes on two cores
	$(GO) test -timeout 290s ./...

lint: ## gofmt, go vet, staticcheck, errorlint, exhaustive, the rules of the house
	@unformatted=$$(gofmt -l $$(git ls-files --cached --others --exclude-standard '*.go')); \
	  if [ -n "$$unformatted" ]; then echo "gofmt -w these: $$unformatted" >&2; exit 1; fi
	$(GO) vet ./...
	$(GO) tool staticcheck ./...
	$(GO) tool go-errorlint ./...
	$(GO) tool exhaustive -d -typeignore '(reflect\.Kind|token\.Token|ast\.NodeType)$$' ./...
	$(GO) test ./internal/lint

race: ## the tests once more under the race detector (needs a C compiler)
	CGO_ENABLED=1 $(GO) test -race -timeout 15m ./...

kill: engine ## the long kill suite: HOLDFAST_KILLS (60) at random, HOLDFAST_KILLS_PER_POINT (5) at each named point, and all that ClickHouse may be
	HOLDFAST_KILLS=$${HOLDFAST_KILLS:-60} HOLDFAST_KILLS_PER_POINT=$${HOLDFAST_KILLS_PER_POINT:-5} HOLDFAST_STOP_SECONDS=40 \
	  $(GO) test -count=1 -v -timeout 20m -run 'Kill|ProcessWasStopped|EveryOrder' ./...

memory: engine ## the program under the memory limit that docker-compose.yml sets, killed on the way
	HOLDFAST_MEMORY=1 $(GO) test -count=1 -v -timeout 20m -run 'NoMemoryKill' ./internal/e2e

bench: ## rates against the bare fetch of the same minute; BENCH_CUSTOMERS=1000000
	$(GO) run ./bench $(ARGS)

bench-kafka: build ## the program that ships beside a bare fetch, on Apache Kafka; options: bench/shipped.go
	$(GO) run ./bench shipped

shops: build ## how soon and how often wrong alerts come in simulated shops; options: bench/shops/main.go
	$(GO) run ./bench/shops

integration: build ## the whole path on a real Apache Kafka (needs java and mvn)
	HOLDFAST_INTEGRATION=1 $(GO) test -count=1 -v -timeout 20m -run 'Integration' ./...

fuzz: ## each fuzzer for FUZZTIME (10s)
	@.ci/fuzz $${FUZZTIME:-10s}

up: ## Kafka, ClickHouse, Holdfast and Prometheus in containers (writes .env once)
	@docker compose version >/dev/null 2>&1 || { echo "make up needs Docker with the compose plugin; make demo needs neither" >&2; exit 1; }
	@deploy/write-env
	VERSION=$(VERSION) docker compose up --build

down: ## stop the containers; their data stays
	docker compose down

clean: ## remove what was built
	rm -rf bin
