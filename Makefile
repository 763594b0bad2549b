# make demo | make test are the two commands; each makes what it needs, and can be run again cheaply.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
export VIRTUAL_ENV := $(CURDIR)/$(VENV)
export PATH := $(CURDIR)/$(BIN):$(PATH)

RUST_SOURCES := $(shell find rust Cargo.toml Cargo.lock -name '*.rs' -o -name 'Cargo.*')

.PHONY: help setup
help: ## Show this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 14

$(VENV)/made: pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit("CCTelegram needs Python 3.11 or newer; this is " + sys.version.split()[0]) if sys.version_info < (3, 11) else None'
	@cargo --version >/dev/null || { echo "CCTelegram needs a Rust toolchain (cargo) to build from source." >&2; exit 1; }
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install -q 'pip>=25.3'
	$(BIN)/python -m pip install -q --group dev
	touch $@

# A release build: debug Rust is twenty times slower and would make every measurement wrong.
$(VENV)/built: $(VENV)/made $(RUST_SOURCES)
	$(BIN)/maturin develop --release --quiet
	touch $@

setup: $(VENV)/built ## Make .venv and build the package into it
