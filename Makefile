# `make demo` and `make test` are the two commands: each makes what it needs, and can be run again cheaply.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
ORACLE := .oracle-venv
export VIRTUAL_ENV := $(CURDIR)/$(VENV)
export PATH := $(CURDIR)/$(BIN):$(PATH)

RUST_SOURCES := $(shell find rust Cargo.toml Cargo.lock clippy.toml -name '*.rs' -o -name '*.toml' -o -name '*.lock' -o -name '*.json')

.PHONY: help setup demo test retest check collector test-rust test-python coverage coverage-python coverage-rust crash \
	soak leaks fuzz lint cross audit advisories format bench costs codspeed-build codspeed-run compare clean
.DEFAULT_GOAL := help

help: ## Show this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 14

$(VENV)/made: pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit("CCTelegram needs Python 3.11 or newer; this is " + sys.version.split()[0]) if sys.version_info < (3, 11) else None'
	@cargo --version >/dev/null || { echo "CCTelegram needs a Rust toolchain (cargo) to be built." >&2; exit 1; }
	@echo "Making $(VENV) ..."
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install -q 'pip>=25.3'
	@$(BIN)/python -m pip install -q --group dev
	@touch $@

# A release build: a debug one is many times slower, and every figure measured on it would be wrong.
$(VENV)/built: $(VENV)/made $(RUST_SOURCES)
	@echo "Building (the first time takes a few minutes) ..."
	@touch $@.begun # what is edited while it builds is newer than this, and builds again
	@PIP_QUIET=1 $(BIN)/maturin develop --release --quiet
	@$(BIN)/python -m compileall -q python/cctelegram # as pip does with what it installs
	@mv $@.begun $@

setup: $(VENV)/built ## Make .venv and build the package into it

demo: setup ## Run the whole path once on the sandbox; KEEP=1 leaves it running and prints the chat's address
	@$(BIN)/python tests/flow/demo.py $(if $(KEEP),--keep)

test: lint test-rust test-python ## Run all tests

# Needs Go; the tests of the exporter that need it are skipped without it.
target/tools/otelcol: $(wildcard tests/otel/collector/*)
	cd tests/otel/collector && go build -o $(CURDIR)/$@ .

collector: target/tools/otelcol ## Build an OpenTelemetry collector for the tests (needs Go)

test-rust: $(VENV)/made
	cargo test --workspace --quiet

$(ORACLE)/made: pyproject.toml
	@echo "Making $(ORACLE) (an independent model of the Bot API for the tests) ..."
	@test -x $(ORACLE)/bin/python || $(PYTHON) -m venv $(ORACLE)
	@$(ORACLE)/bin/python -m pip install -q 'pip>=25.3'
	@$(ORACLE)/bin/python -m pip install -q --group oracle
	@touch $@

# Most tests wait for another process: four of them keep two cores busy. What measures memory or time runs alone
# afterwards. One test at a time goes to a worker, the longest first, so that none is left with a long one at the end.
WORKERS ?= 4
TOGETHER := -n $(WORKERS) --dist load --maxschedchunk 1 -m "not alone"

test-python: setup $(ORACLE)/made
	$(BIN)/python -m pytest $(TOGETHER); together=$$?; $(BIN)/python -m pytest -m alone && exit $$together

retest: lint test-rust ## Run the lints, the Rust tests, and one by one the Python tests that failed last; name them
	@$(BIN)/python -m pytest --quiet --cache-show cache/lastfailed
	$(BIN)/python -m pytest --last-failed --last-failed-no-failures none -rA

check: setup ## Lint, check types, and run the tests of the rooms that the change touches
	@$(MAKE) --no-print-directory lint
	$(BIN)/python -m pytest -q $(TOGETHER) $$($(BIN)/python tests/touched.py)

crash: setup ## Kill the bridge at every step and at 100 random instants, and settle up; JSON=1 for figures
	@$(BIN)/python -m pytest -q tests/crash/test_steps.py tests/crash/test_answers.py --long >&2
	@$(BIN)/python tests/crash/storm.py $(if $(JSON),--json)

soak: setup ## Send an hour's traffic, sixty times as fast
	$(BIN)/python -m pytest -q tests/crash/test_soak.py --long

# Cargo's subcommands, of the version that was tried.
TOOLS := target/tools
$(TOOLS)/bin/cargo-deny:
	cargo install --quiet --locked --debug --root $(TOOLS) cargo-deny@0.20.2

$(TOOLS)/bin/cargo-llvm-cov:
	cargo install --quiet --locked --root $(TOOLS) cargo-llvm-cov@0.9.1

$(TOOLS)/bin/cargo-codspeed:
	cargo install --quiet --locked --root $(TOOLS) cargo-codspeed@6.0.0

COVERED := 95

coverage: coverage-python coverage-rust ## Show what no test of Python and of the crates reaches; fail under 95 %

# Branches, and child processes too ([tool.coverage.run] patch); one that is killed leaves nothing behind. Tests that
# measure memory or time would measure coverage's own. Paths that are counted slow the others down.
coverage-python: setup $(ORACLE)/made
	@$(BIN)/coverage erase
	$(BIN)/coverage run -m pytest $(TOGETHER) --timeout 240
	@$(BIN)/coverage combine --quiet
	$(BIN)/coverage report --skip-covered --show-missing --fail-under $(COVERED)

# One crate at a time: each has to reach it.
coverage-rust: $(TOOLS)/bin/cargo-llvm-cov
	@rustup component add llvm-tools
	PATH=$(CURDIR)/$(TOOLS)/bin:$$PATH; for crate in spool markup; do \
		cargo llvm-cov --quiet --package cctelegram-$$crate --fail-under-lines $(COVERED) || exit 1; done

lint: setup ## Check style and types of Rust and Python, and the workflows
	cargo fmt --all --check
	cargo clippy --workspace --all-targets --quiet -- -D warnings
	$(BIN)/ruff check --quiet
	$(BIN)/ruff format --quiet --check
	$(BIN)/mypy
	$(BIN)/mypy --platform win32 --cache-dir .mypy_cache/win32 python
	cd benches && MYPYPATH=../python:../tests:. ../$(BIN)/mypy --config-file ../pyproject.toml .
	@git ls-files '*.py' '*.pyi' '*.rs' '*.js' | xargs wc -l | awk '$$2 != "total" && $$1 > 400 { print "Look whether it holds two subjects: " $$2 ", " $$1 " lines" }'
	$(BIN)/zizmor --offline --no-progress --quiet .github/workflows

# Nothing is linked, so the C compiler of a target, which Criterion alone asks for, may do nothing. A module for musl is
# a shared library, as maturin builds it.
TARGETS := x86_64-pc-windows-gnu aarch64-apple-darwin aarch64-unknown-linux-gnu aarch64-unknown-linux-musl
cross: ## Check the crates and their tests for Windows, macOS, and Linux on arm64 (needs rustup)
	rustup target add $(TARGETS)
	TARGET_CC=true TARGET_AR=true CARGO_TARGET_DIR=target/cross \
		CARGO_TARGET_AARCH64_UNKNOWN_LINUX_MUSL_RUSTFLAGS="-C target-feature=-crt-static" \
		cargo clippy --workspace --all-targets --locked --quiet $(TARGETS:%=--target %) -- -D warnings

audit: $(TOOLS)/bin/cargo-deny ## Check licences and sources of the Rust dependencies (deny.toml)
	$(TOOLS)/bin/cargo-deny check bans licenses sources

$(TOOLS)/pip-audit/bin/pip-audit:
	$(PYTHON) -m venv $(TOOLS)/pip-audit
	$(TOOLS)/pip-audit/bin/python -m pip install -q 'pip-audit>=2.10,<3'

advisories: setup $(TOOLS)/bin/cargo-deny $(TOOLS)/pip-audit/bin/pip-audit ## Look all dependencies up in the databases of vulnerabilities (needs the internet)
	$(TOOLS)/bin/cargo-deny check advisories
	@$(BIN)/python -m pip freeze --exclude-editable > target/installed.txt
	$(TOOLS)/pip-audit/bin/pip-audit --strict --progress-spinner off --disable-pip --no-deps -r target/installed.txt

format: setup ## Format Rust and Python
	cargo fmt --all
	$(BIN)/ruff check --quiet --fix-only
	$(BIN)/ruff format --quiet

leaks: setup ## Run under memray what must keep no memory; target/leaks holds a flame graph of what each loop kept
	@rm -rf target/leaks && mkdir -p target/leaks
	$(BIN)/python -m pytest -q tests/leaks --memray --memray-bin-path target/leaks --memray-bin-prefix kept; failed=$$?; \
	for file in target/leaks/*.bin; do \
		$(BIN)/memray flamegraph --leaks --force --output $${file%.bin}.html $$file >/dev/null || exit 1; done; exit $$failed

fuzz: $(VENV)/made ## Feed broken events and globs to the parsers for SECONDS each (30), from a seed of its own
	FUZZ_SECONDS=$(or $(SECONDS),30) cargo test --release --quiet -p cctelegram-spool --test fuzz -- --nocapture

bench: setup ## Measure, with limits and ratios in one table; WORDS=spool for those of one room
	@$(BIN)/python benches/run.py $(WORDS)

costs: setup ## Measure single steps: of Python with pytest-codspeed, of Rust with Criterion
	$(BIN)/python -m pytest -q benches/test_costs.py --codspeed --codspeed-mode walltime
	@mkdir -p target/workloads
	@$(BIN)/python benches/workload.py hooks --count 1000 --out target/workloads/hooks.jsonl
	CCTELEGRAM_WORKLOAD=$(CURDIR)/target/workloads/hooks.jsonl cargo bench -p cctelegram-spool --quiet

# For CodSpeed's runner, which counts the instructions of what the second runs.
codspeed-build: $(TOOLS)/bin/cargo-codspeed
	PATH=$(CURDIR)/$(TOOLS)/bin:$$PATH cargo codspeed build --locked --measurement-mode simulation --package cctelegram-spool

codspeed-run: $(TOOLS)/bin/cargo-codspeed
	PATH=$(CURDIR)/$(TOOLS)/bin:$$PATH cargo codspeed run --measurement-mode simulation --package cctelegram-spool

BASE ?= main
compare: setup ## Measure BASE (main) and this tree with the quick suite; target/compare/comparison.md is the result
	@bash .ci/compare $(BASE)

clean: ## Remove what was made
	rm -rf $(VENV) $(ORACLE) target
