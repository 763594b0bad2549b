# `make demo` and `make test` are the two commands: each makes what it needs, and can be run again cheaply.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
ORACLE := .oracle-venv
export VIRTUAL_ENV := $(CURDIR)/$(VENV)
export PATH := $(CURDIR)/$(BIN):$(PATH)

RUST_SOURCES := $(shell find rust Cargo.toml Cargo.lock clippy.toml -name '*.rs' -o -name '*.toml' -o -name '*.lock' -o -name '*.json')

.PHONY: help setup demo test retest check collector test-rust test-python coverage crash soak fuzz lint format bench costs clean
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

# Child processes are counted too ([tool.coverage.run] patch); one that is killed leaves nothing behind.
coverage: setup $(ORACLE)/made ## Run the Python tests and show what none of them reaches
	@$(BIN)/coverage erase
	$(BIN)/coverage run -m pytest --timeout 240
	@$(BIN)/coverage combine --quiet
	$(BIN)/coverage report --skip-covered --show-missing --fail-under 95

lint: setup ## Check style and types of Rust and Python, and the workflows
	cargo fmt --all --check
	cargo clippy --workspace --all-targets --quiet -- -D warnings
	$(BIN)/ruff check --quiet
	$(BIN)/ruff format --quiet --check
	$(BIN)/mypy
	cd benches && MYPYPATH=../python:../tests:. ../$(BIN)/mypy --config-file ../pyproject.toml .
	@git ls-files '*.py' '*.pyi' '*.rs' '*.js' | xargs wc -l | awk '$$2 != "total" && $$1 > 400 { print "Look whether it holds two subjects: " $$2 ", " $$1 " lines" }'
	$(BIN)/zizmor --offline --no-progress --quiet .github/workflows

format: setup ## Format Rust and Python
	cargo fmt --all
	$(BIN)/ruff check --quiet --fix-only
	$(BIN)/ruff format --quiet

fuzz: $(VENV)/made ## Feed broken events and globs to the parsers for SECONDS each (30), from a seed of its own
	FUZZ_SECONDS=$(or $(SECONDS),30) cargo test --release --quiet -p cctelegram-spool --test fuzz -- --nocapture

bench: setup ## Measure, with limits and ratios in one table; WORDS=spool for those of one room
	@$(BIN)/python benches/run.py $(WORDS)

costs: setup ## Measure single steps: of Python with pytest-codspeed, of Rust with Criterion
	$(BIN)/python -m pytest -q benches/test_costs.py --codspeed --codspeed-mode walltime
	@mkdir -p target/workloads
	@$(BIN)/python benches/workload.py hooks --count 1000 --out target/workloads/hooks.jsonl
	CCTELEGRAM_WORKLOAD=$(CURDIR)/target/workloads/hooks.jsonl cargo bench -p cctelegram-spool --quiet

clean: ## Remove what was made
	rm -rf $(VENV) $(ORACLE) target
