# Every target makes what it needs: a fresh clone wants nothing but Python 3.11 or newer and make.
# PYTHON=python3.12 picks another interpreter, ARGS='...' is handed to the command of a target.
# E2E=tests/e2e/test_kubectl.py runs a part of the end-to-end tests.

PYTHON ?= python3
VENV   ?= .venv
E2E    ?= tests/e2e
# Each worker has three clusters of its own; clusters that exist are there once.
BESIDE := $(if $(findstring --clusters,$(ARGS)),-n 0,-n 3 --dist loadfile --no-loadscope-reorder)
BIN    := $(VENV)/bin
PIP    := $(BIN)/python -m pip --disable-pip-version-check --quiet install --constraint constraints.txt

.DEFAULT_GOAL := help
.PHONY: help demo test docs faults monitoring mutations sweep e2e bench lint types crds tables pin clean

help: ## Print this list
	@awk 'BEGIN {FS = ":.*## "} /^[a-z0-9]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' Makefile

demo: $(VENV)/.run ## Play a seven-round night on three embedded clusters; needs no cluster
	$(BIN)/gala demo $(ARGS)

test: $(VENV)/.dev ## Run the tests; branch coverage: 100 % of the planning rules, 85 % of the rest
	$(BIN)/python -m pytest -n auto --cov=gala --cov-report= $(ARGS)
	$(BIN)/coverage report --include='operator/gala/planning/*' --fail-under=100
	$(BIN)/coverage report --omit='operator/gala/planning/*' --fail-under=85 --format=total

docs: $(VENV)/.dev ## Run every command of the documentation on embedded clusters
	$(BIN)/python -m pytest -m docs -n 2 tests/docs $(ARGS)

faults: $(VENV)/.dev ## Play nights in which servers, clocks, people and Prometheus misbehave
	$(BIN)/python -m pytest -m faults -n 2 tests/faults $(ARGS)

monitoring: $(VENV)/.dev ## Check alert rules and dashboard with promtool and a real Prometheus
	@command -v promtool >/dev/null && command -v prometheus >/dev/null || \
	  { echo "promtool or prometheus is missing; install Debian's package prometheus:" >&2; \
	    echo "  apt-get install --no-install-recommends prometheus" >&2; exit 1; }
	promtool check rules monitoring/alerts.yaml
	promtool test rules monitoring/alerts_test.yaml
	$(BIN)/python -m pytest -m monitoring tests/monitoring $(ARGS)

mutations: $(VENV)/.dev ## Switch each safety rule off in a copy and see a test fail; takes minutes
	$(BIN)/python tests/mutation/break_a_rule.py $(ARGS)

sweep: $(VENV)/.dev ## Kill the operator before and after each kind of request; takes minutes
	$(BIN)/python -m pytest -m sweep -n 2 tests/sweep $(ARGS)

e2e: $(VENV)/.dev ## Run on three real control planes; builds them first, which takes Go 1.26 and minutes
ifeq ($(E2E),tests/e2e)
	$(BIN)/python -m pytest -m 'e2e and not alone' $(BESIDE) tests/e2e $(ARGS)
	$(BIN)/python -m pytest -m alone tests/e2e $(ARGS)
else
	$(BIN)/python -m pytest -m e2e $(E2E) $(ARGS)
endif

bench: $(VENV)/.dev ## Take the figures of docs/benchmarks.md; minutes, on a machine that does nothing else
	$(BIN)/python tests/bench/run.py $(ARGS)

lint: $(VENV)/.dev ## Check style, formatting and which room imports which
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports

types: $(VENV)/.dev ## Check the types (mypy, strict)
	$(BIN)/mypy

crds: $(VENV)/.run ## Write crds/*.yaml and the chart's files anew from the models
	$(BIN)/gala crds --directory crds
	$(BIN)/python tests/support/chart_files.py

tables: $(VENV)/.dev ## Write the tables of fields and files in docs/ anew
	$(BIN)/python tests/support/field_tables.py
	$(BIN)/python tests/support/module_tables.py

pin: $(VENV)/.dev ## Write constraints.txt anew from what is installed
	$(BIN)/python -m pip freeze --exclude-editable --exclude gala-operator | grep -E '^[A-Za-z0-9._-]+==' > constraints.txt

clean: ## Remove the environment and everything that was generated outside of git
	rm -rf $(VENV) out build dist operator/*.egg-info .coverage* .hypothesis
	rm -rf .mypy_cache .pytest_cache .ruff_cache .import_linter_cache
	find operator tests -name __pycache__ -type d -prune -exec rm -rf {} +

# The stamps say what is installed, so that a second run installs nothing.
$(VENV)/.python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || \
	  { echo "gala needs Python 3.11 or newer; name one with: make PYTHON=/path/to/python3.11" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip' 2>/dev/null || \
	  { echo "This Python cannot make environments; install its venv module (Debian: apt install python3-venv)" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
	@touch $@

$(VENV)/.run: $(VENV)/.python pyproject.toml constraints.txt
	@echo "Installing what gala needs into $(VENV); the first time takes about a minute."
	$(PIP) --editable '.[speed]'
	@touch $@

$(VENV)/.dev: $(VENV)/.run
	@echo "Installing what the tests need into $(VENV); the first time takes about a minute."
	$(PIP) --editable '.[speed,dev]'
	@touch $@
