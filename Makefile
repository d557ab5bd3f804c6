# Everything that a person or CI runs. `make` lists the targets.
# Go and make are all that run, demo data and test need; check also needs a C
# compiler (race detector) and Python (SAM CLI, cfn-lint).

SHELL         := bash
.SHELLFLAGS   := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.NOTPARALLEL: # go uses every core by itself; check keeps its order under -j

FUNCTIONS := environments populations users groups memberships roles roleassignments applications gateways devices applicationroles transform
SOURCES   := $(wildcard cmd functions shared test tools)

# Of bin/ only: what SAM packages is always arm64, as template.yaml says.
GOARCH  ?= arm64
GOBUILD := CGO_ENABLED=0 GOOS=linux go build -trimpath -buildvcs=false -tags lambda.norpc,grpcnotrace -ldflags '-s -w'

# Tools in a module of their own, built from source, so that the product's
# go.mod stays free of their dependencies.
GOTOOL := go tool -modfile=tools/go.mod

VENV   := .venv
VSTAMP := $(VENV)/.installed
SAM    := SAM_CLI_TELEMETRY=0 $(VENV)/bin/sam

# What judges from outside: Prism and the models of Authomize's client.
JUDGES := .conformance
# Where the vendors' descriptions of their APIs are. They are not part of this
# repository.
DATA   ?= ../shared/data

# Executions of each fuzz target. A count, since a run that is cut off by time
# sometimes fails for that reason alone.
FUZZTIME ?= 20000x

# Users of the organization that bench builds.
SIZE ?= 10000

##@ Use

.PHONY: run
run: ## Sync once on this machine: the demo organization, or ENV_FILE=.env for a real one.
	@go run ./cmd/pingone-authomize run $(if $(ENV_FILE),--env-file '$(ENV_FILE)')

.PHONY: build
build: $(FUNCTIONS:%=build-bin-%) ## Build bin/<name>/bootstrap for Lambda (GOARCH=arm64).

build-bin-%:
	GOARCH=$(GOARCH) $(GOBUILD) -o 'bin/$*/bootstrap' './functions/$*'

# SAM calls these, with ARTIFACTS_DIR set: RoleAssignmentsFunction is made of
# functions/roleassignments.
build-%Function:
	GOARCH=arm64 $(GOBUILD) -o '$(ARTIFACTS_DIR)/bootstrap' "./functions/$$(tr '[:upper:]' '[:lower:]' <<<'$*')"

.PHONY: clean
clean: ## Remove what was built, and the tools.
	rm -rf bin dist .aws-sam $(VENV) $(JUDGES)

##@ Test

.PHONY: test
test: ## Run the tests.
	@go test -count=1 -v -run '^TestSurroundings$$' ./functions | grep '^end to end'
	go test ./...

.PHONY: race
race: ## Run the tests under the race detector, in random order; of the oracle a few sequences, and all of it without.
	@go test -race -count=1 -v -run '^TestSurroundings$$' ./functions | grep '^end to end'
	go test -race -shuffle=on -timeout 30m $$(go list ./... | grep -v /shared/oracle)
	SEQUENCES=6 go test -race -run '^TestSequences$$' ./shared/oracle
	go test ./shared/oracle

.PHONY: long
long: ## Run 2,000 random sequences and a simulated year: about an hour.
	LONG=1 go test -count=1 -timeout 60m -v ./shared/oracle

.PHONY: fuzz
fuzz: ## Run every fuzz target for a moment (FUZZTIME=20000x).
	@{ grep -rHo --include='*_test.go' '^func Fuzz[A-Za-z0-9_]*' $(SOURCES) || true; } | sort | \
	while IFS=: read -r file func; do \
		name="$${func#func }"; dir="$$(dirname "$$file")"; \
		echo "fuzz $$dir $$name"; \
		go test -run '^$$' -fuzz "^$$name\$$" -fuzztime '$(FUZZTIME)' "./$$dir" </dev/null || exit 1; \
	done

.PHONY: bench
bench: ## Measure whole runs between the fakes (SIZE=10000 users), then the benchmarks.
	@mkdir -p dist
	go run ./functions/internal/bench -users '$(SIZE)' -json dist/bench.json
	go test -run '^$$' -bench . -benchmem ./shared/...

.PHONY: bench-once
bench-once: ## Run every Go benchmark once, so that none is broken.
	go test -run '^$$' -bench . -benchtime 1x ./shared/...

.PHONY: benchstat
benchstat: ## Compare two benchmark outputs: OLD=file NEW=file.
	$(GOTOOL) benchstat '$(OLD)' '$(NEW)'

##@ Check

# The AWS emulator of the tests is that of the pinned tools, and must start.
.PHONY: check
check: export MOTO_SERVER := $(CURDIR)/$(VENV)/bin/moto_server
check: fmt-check tidy-check vet lint vuln sam template-test fuzz bench-once race ## All that CI runs.

.PHONY: fmt
fmt: ## Format the Go code.
	gofmt -s -w $(SOURCES)

.PHONY: fmt-check
fmt-check: ## Fail if Go code is not formatted.
	@unformatted="$$(gofmt -s -l $(SOURCES))"; \
	if [ -n "$$unformatted" ]; then echo "run make fmt; not formatted:"; echo "$$unformatted"; exit 1; fi

.PHONY: tidy-check
tidy-check: ## Fail if go.mod or go.sum is not tidy.
	go mod tidy -diff
	cd tools && go mod tidy -diff

.PHONY: vet
vet: ## Run go vet.
	go vet ./...
	cd tools && go vet ./... && go test ./...

.PHONY: lint
lint: ## Run golangci-lint, and see that files of a package stand in layers.
	$(GOTOOL) golangci-lint run
	cd tools && go tool golangci-lint run ./...
	@layered="$$(go list ./cmd/... ./functions/... ./shared/... | grep -vE 'test$$|/(awsfake|bench|runtimeapi)$$')"; \
	cd tools && go run ./layers .. $$layered

# Known vulnerabilities that the code reaches fail (exit code 3). A database
# that can't be reached says nothing about the code, so it only prints a notice.
.PHONY: vuln
vuln: ## Look for known vulnerabilities, where the database can be reached.
	@code=0; $(GOTOOL) govulncheck ./... || code=$$?; \
	if [ "$$code" = 3 ]; then exit 3; fi; \
	if [ "$$code" != 0 ]; then echo "notice: govulncheck could not run, so nothing is known about vulnerabilities"; fi

# Needs Node.js, Python and package registries, beside Go. Ping's clients are in
# a module of their own; where it can't be downloaded that is no fault of ours.
.PHONY: conformance
conformance: $(JUDGES)/.installed ## Let Prism, Authomize's models and Ping's clients judge: DATA=folder of the descriptions.
	go run ./test/conformance -data '$(DATA)' -tools '$(JUDGES)'
	@if ! (cd test/clients && go mod download); then \
		echo "notice: Ping's Go clients could not be had, so they judged nothing"; \
	else cd test/clients && go vet ./... && go test -count=1 ./...; fi

$(JUDGES)/.installed: $(addprefix test/conformance/,package.json package-lock.json requirements.txt constraints.txt)
	rm -rf $(JUDGES)
	mkdir -p $(JUDGES)
	cp test/conformance/package.json test/conformance/package-lock.json $(JUDGES)
	npm ci --prefix $(JUDGES) --silent --ignore-scripts --no-audit --no-fund
	python3 -m venv $(JUDGES)/venv
	$(JUDGES)/venv/bin/pip install --quiet --disable-pip-version-check --requirement test/conformance/requirements.txt
	touch $@

##@ Deploy

.PHONY: sam
sam: sam-validate cfn-lint sam-build package ## Check the template and build what SAM deploys.

.PHONY: sam-validate
sam-validate: $(VSTAMP) ## Run sam validate --lint.
	$(SAM) validate --lint --region us-east-1

.PHONY: cfn-lint
cfn-lint: $(VSTAMP) ## Run cfn-lint.
	$(VENV)/bin/cfn-lint --regions us-east-1 -- template.yaml docs/deploy-role.yaml

# The build folder goes first: an artifact of an earlier build proves nothing.
.PHONY: sam-build
sam-build: $(VSTAMP) ## Run sam build, then check that every artifact is a static arm64 binary.
	rm -rf .aws-sam/build
	$(SAM) build --region us-east-1
	go run -C tools ./artifacts ../.aws-sam/build

.PHONY: package
package: ## Pack every function into dist/<name>.zip, and refuse what is too big.
	rm -rf dist
	$(MAKE) --no-print-directory build GOARCH=arm64
	go run -C tools ./pack ../bin ../dist

.PHONY: sam-package
sam-package: sam-build ## Upload what SAM built and write dist/packaged.yaml: S3_BUCKET=name.
	@if [ -z '$(S3_BUCKET)' ]; then echo 'say where to: make sam-package S3_BUCKET=name'; exit 1; fi
	mkdir -p dist
	$(SAM) package --s3-bucket '$(S3_BUCKET)' --s3-prefix pingone-authomize --output-template-file dist/packaged.yaml

.PHONY: template-test
template-test: $(VSTAMP) ## Check what the template comes to: functions, rules, rights, variables.
	$(VENV)/bin/python -B -m unittest discover -s tools/template -v

$(VSTAMP): tools/requirements.txt tools/constraints.txt
	python3 -m venv --clear $(VENV)
	$(VENV)/bin/pip install --quiet --disable-pip-version-check --requirement tools/requirements.txt
	touch $@

.PHONY: help
help: ## List the targets.
	@awk -F ':.*## ' \
		'/^##@ /{printf "\n%s\n", substr($$0, 5)} /^[a-z-]+:.*## /{printf "  %-14s %s\n", $$1, $$2}' \
		$(MAKEFILE_LIST)
