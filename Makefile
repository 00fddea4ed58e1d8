# Every job of a developer, of CI and of the README. `make` alone lists them.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

PYTHON ?= python3
VENV := .venv
CHECKOV := .venv-checkov
WORKER := .venv-worker
OTHER := .venv-other
BIN := $(VENV)/bin
UV := $(BIN)/uv --quiet
CODE := activities bench graph orchestrations scripts teams_rollout tests $(wildcard function_app.py)
FAST := not azurite and not func_host and not e2e and not slow and not tenant
EXPORT_TO ?= .
COMPILE = $(UV) pip compile --generate-hashes --python-version 3.11 \
	--custom-compile-command "make requirements"

# The demo takes any council: make demo ROLLOUT=f.toml USERS=f.csv TEAMS=f.csv TENANT=f.json.gz
ROLLOUT ?= samples/rollout.toml
USERS ?= samples/users.csv
TEAMS ?= samples/teams.csv
TENANT ?= samples/tenant.json.gz
EXIT ?=
BENCH ?=
# Other interpreters for `make versions`: names, or paths where they are not on the PATH.
PYTHONS ?= 3.12 3.13
# azd hands its variables to hooks; without azd the storage account keeps durable state.
BACKEND ?= $(or $(ROLLOUT_DURABLE_BACKEND),AzureStorage)

.PHONY: help setup demo test test-unit lint format format-check types layers check \
	bench samples histories picture package requirements requirements-check versions clean

help: ## List these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-20s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: $(VENV)/.project-stamp node_modules/.stamp ## Install everything into .venv and node_modules

$(BIN)/uv: requirements-bootstrap.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --require-hashes -r requirements-bootstrap.txt
	touch $@

# Packages are added and changed, never removed: what a developer tries out survives a new pin.
$(VENV)/.packages-stamp: requirements-dev.txt | $(BIN)/uv
	$(UV) pip install --python $(BIN)/python --require-hashes -r requirements-dev.txt
	touch $@

$(VENV)/.project-stamp: pyproject.toml $(VENV)/.packages-stamp
	$(UV) pip install --python $(BIN)/python --no-deps --no-build-isolation --editable .
	touch $@

# Only for tests/acceptance/worker: the app's packages, and Microsoft's worker library. That one asks
# for Python 3.13 but runs on 3.11, which pip can be told and uv cannot.
$(WORKER)/.stamp: requirements.txt requirements-worker.txt | $(BIN)/uv
	$(UV) venv --clear --python $(BIN)/python $(WORKER)
	$(UV) pip install --python $(WORKER)/bin/python --require-hashes -r requirements.txt
	$(BIN)/pip --quiet --python $(WORKER)/bin/python install --no-deps --ignore-requires-python \
		--require-hashes -r requirements-worker.txt
	touch $@

# Only for tests/infra. Compiled at once, because checkov reads half of itself at every start.
$(CHECKOV)/.stamp: requirements-checkov.txt $(VENV)/.project-stamp
	$(UV) venv --clear --python $(BIN)/python $(CHECKOV)
	$(UV) pip install --compile-bytecode --python $(CHECKOV)/bin/python --require-hashes \
		-r requirements-checkov.txt
	touch $@

node_modules/.stamp: package.json package-lock.json
	npm ci --no-audit --no-fund --loglevel=error
	touch $@

demo: setup ## Roll Teams out to a council on this machine and keep serving (EXIT=1: stop at the end)
	$(BIN)/rollout lab demo --rollout "$(ROLLOUT)" --users "$(USERS)" --teams "$(TEAMS)" \
		--tenant "$(TENANT)" $(if $(filter 1 true yes,$(EXIT)),--exit)

test: setup $(CHECKOV)/.stamp $(WORKER)/.stamp ## Run every test that needs no real tenant
	$(BIN)/pytest -n 2 --dist loadgroup -m "not tenant" tests

test-unit: setup ## Run the tests that need no service (under a minute)
	$(BIN)/pytest -n 2 -m "$(FAST)" tests/unit tests/architecture tests/orchestrations

lint: setup ## Look for faults and banned calls
	$(BIN)/ruff check .

format: setup ## Rewrite the code in the house format
	$(BIN)/ruff format .
	$(BIN)/ruff check --select I --fix .

format-check: setup ## Check the house format
	$(BIN)/ruff format --check .

types: setup ## Check the types
	$(BIN)/mypy

layers: setup ## Check who imports whom
	$(BIN)/lint-imports

check: format-check lint types layers requirements-check test ## Everything that must hold before a commit lands

bench: setup ## Measure; results go to bench/results (BENCH=long_pacing: an hour at published limits)
	$(BIN)/python -m bench.run $(BENCH)

samples: setup ## Make the sample council again (same seed, same files)
	$(BIN)/python scripts/make_samples.py --out samples

histories: setup ## Record a history of every orchestration from a real run (replayed by the tests)
	$(BIN)/python scripts/record_histories.py --out tests/replay

picture: setup ## Record the README's picture from a real demo run
	$(BIN)/python scripts/record_picture.py --out docs/images/wave.svg --at 0.6 \
		--title "rollout lab demo: a wave under way" -- \
		$(BIN)/rollout lab demo --rollout "$(ROLLOUT)" --users "$(USERS)" --teams "$(TEAMS)" \
		--tenant "$(TENANT)" --exit

package: setup ## Build what is deployed: build/app.zip (BACKEND=DurableTaskScheduler for that one)
	$(BIN)/python scripts/package_app.py --out build --backend "$(BACKEND)"

requirements: setup ## Export the pinned and hashed requirements from pyproject.toml
	$(COMPILE) pyproject.toml --output-file $(EXPORT_TO)/requirements.txt
	$(COMPILE) pyproject.toml --group dev --constraint requirements.txt \
		--output-file $(EXPORT_TO)/requirements-dev.txt
	$(COMPILE) --group bootstrap --output-file $(EXPORT_TO)/requirements-bootstrap.txt
	$(COMPILE) --group checkov --output-file $(EXPORT_TO)/requirements-checkov.txt

# An export keeps the pins that still fit, so a fresh one differs only if pyproject.toml asks for more.
requirements-check: setup ## Check that the exported requirements are current
	scratch=$$(mktemp -d); trap 'rm -rf "$$scratch"' EXIT; cp requirements*.txt "$$scratch"; \
	$(MAKE) --no-print-directory requirements EXPORT_TO="$$scratch"; \
	for file in requirements*.txt; do diff -u "$$file" "$$scratch/$$file" \
		|| { echo "$$file is stale: run make requirements" >&2; exit 1; }; done

# Wheels only: a dependency without one for that Python is found here, not on a server.
versions: setup ## Run the unit tests on Python 3.12 and 3.13, where installed (PYTHONS="names or paths")
	for python in $(PYTHONS); do \
	$(UV) venv --clear --no-python-downloads --python "$$python" $(OTHER) 2>/dev/null \
		|| { echo "Python $$python is not installed: not tried"; continue; }; \
	version=$$($(OTHER)/bin/python -c 'import sys; print("%d.%d" % sys.version_info[:2])'); \
	echo "Python $$version"; \
	$(UV) pip compile --only-binary :all: --python-version "$$version" pyproject.toml --group dev \
		--output-file $(OTHER)/requirements.txt >/dev/null; \
	$(UV) pip install --python $(OTHER)/bin/python --only-binary :all: -r $(OTHER)/requirements.txt; \
	$(UV) pip install --python $(OTHER)/bin/python --no-deps --no-build-isolation --editable .; \
	$(OTHER)/bin/python -m pytest -n 2 -m "$(FAST)" tests/unit tests/orchestrations; done

clean: ## Remove what the lab, tests and tools leave behind (not .venv, not node_modules)
	rm -rf .rollout build dist htmlcov .coverage .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -not -path './.venv/*' -not -path './node_modules/*' -prune -exec rm -rf {} +
