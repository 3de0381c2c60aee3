# Everything that is done with wager from a checkout; each target makes what it needs.
# A machine needs Python 3.11+, make and a package index, nothing else.

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check
CODE := $(wildcard src tests benchmarks)
NODE_TESTS := tests/journeys/node
DEMO_FLAGS := $(if $(CHECK),--check) $(if $(FRESH),--fresh) $(if $(SPEED),--speed $(SPEED)) $(if $(PORT),--port $(PORT))

.PHONY: help demo test check bench fresh clean node
.DEFAULT_GOAL := help

help:  ## show this list
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /  make \1\t/' | expand -t 14

demo: $(VENV)/.demo  ## a retailer's year, live bets and a console (CHECK=1 FRESH=1 SPEED=600 PORT=8000)
	@$(BIN)/wager demo $(DEMO_FLAGS)

test: $(VENV)/.dev node  ## ruff, mypy and every test
	$(BIN)/ruff format --check $(CODE)
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/pytest -n 2 --dist loadfile $(ARGS)

check: $(VENV)/.dev  ## the quick part of `make test`: ruff, mypy, architecture
	$(BIN)/ruff format --check $(CODE)
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/pytest -q tests/test_architecture.py

bench: $(VENV)/.dev  ## speed and size, measured on this machine
	$(BIN)/python -m benchmarks $(ARGS)

fresh:  ## `make demo CHECK=1` and `make test` in a fresh clone with a fresh environment
	@set -e; dir=$$(mktemp -d); trap 'rm -rf "$$dir"' EXIT; \
	git clone --quiet . "$$dir/wager"; cd "$$dir/wager"; \
	$(MAKE) --no-print-directory demo CHECK=1 VENV=.venv; \
	echo "installed for the demo: $$(du -sh .venv | cut -f1)"; \
	$(MAKE) --no-print-directory test VENV=.venv; \
	echo "installed for the tests: $$(du -sh .venv | cut -f1)"

clean:  ## take away what these targets made (the demo's store in .wager/ stays)
	rm -rf $(VENV) build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .coverage $(NODE_TESTS)/node_modules

$(BIN)/python:
	@$(PYTHON) -c 'import sys; v = sys.version.split()[0]; sys.exit(sys.version_info < (3, 11) and f"wager needs Python 3.11 or later, this is {v}; name another: make PYTHON=python3.12")'
	$(PYTHON) -m venv $(VENV)

$(VENV)/.demo: pyproject.toml constraints.txt | $(BIN)/python
	@$(PIP) install --progress-bar on -c constraints.txt -e '.[demo]' >&2
	@touch $@

$(VENV)/.dev: pyproject.toml constraints.txt | $(BIN)/python
	@$(PIP) install --progress-bar on -c constraints.txt -e '.[dev]' >&2
	@touch $@

node:
	@if [ -f $(NODE_TESTS)/package-lock.json ] && command -v npm >/dev/null; then \
	  cd $(NODE_TESTS) && { [ node_modules/.package-lock.json -nt package-lock.json ] || npm ci --no-audit --no-fund; }; \
	else echo "no npm here: the tests that need Node are skipped"; fi
