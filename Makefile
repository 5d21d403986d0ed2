# Every command of the project. `make` alone lists them; each installs what it needs first.

SHELL := /bin/sh
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.NOTPARALLEL:

VENV := .venv
BIN := $(VENV)/bin
PY := $(BIN)/python
PYTHON ?=
UV ?= $(shell command -v uv 2>/dev/null)
PROCESSES ?= 1
# uv trusts the certificates of the system, as pip does; the name of the switch depends on its version.
export UV_NATIVE_TLS ?= 1
export UV_SYSTEM_CERTS ?= 1
# Images of containers often set it: each of the many processes would then compile all it imports.
unexport PYTHONDONTWRITEBYTECODE
GENERATORS = $(sort $(wildcard tools/gen_*.py))

##@ Use
run: $(VENV)/.runtime ## Start everything with demo data on embedded servers (ONCE=1: stop after the demo)
	@$(BIN)/lsos up $(if $(filter-out 0 no false,$(ONCE)),--once) $(ARGS)

# $$URL, not $(URL): make hands its variables to the shell, and a URL may hold & or quotes.
audit: $(VENV)/.runtime ## Audit one site (URL=https://... [MAX_PAGES=500] [OUT=folder] [ARGS=...])
	@test -n "$$URL" || { echo 'Say which site: make audit URL=https://example.com' >&2; exit 2; }
	@$(BIN)/lsos audit "$$URL" $${MAX_PAGES:+--max-pages "$$MAX_PAGES"} $${OUT:+--out "$$OUT"} $(ARGS)

migrate: $(VENV)/.runtime ## Migrate the database to the latest schema
	@$(BIN)/lsos migrate $(ARGS)

api: $(VENV)/.runtime ## Serve the API
	@$(BIN)/lsos api $(ARGS)

worker: $(VENV)/.runtime ## Run workers (PROCESSES=n)
	@$(BIN)/lsos worker --processes $(PROCESSES) $(ARGS)

##@ Develop
test: $(VENV)/.dev ## Run the tests in parallel, in random order (ARGS="tests/unit -k robots -n 0")
	@$(BIN)/pytest -n auto --dist loadfile --no-loadscope-reorder $(ARGS)

check: lint types contracts docs-check test ## Run everything that CI runs

bench: $(VENV)/.dev ## Run the benchmarks (T=topic)
	@$(PY) -m tools.bench $(T) $(ARGS)

load-test: $(VENV)/.dev ## Load-test a stack and evaluate the gates (SCALE=1, LOAD_SECONDS=300, DRAIN_SECONDS=300)
	@$(PY) -m tools.load_test

load-publish: $(VENV)/.dev ## Copy the last load test's report from build/load to Docs/ops/reports
	@$(PY) -m tools.load.publish

format: $(VENV)/.dev ## Format the code and apply ruff's automatic fixes
	@$(BIN)/ruff check --fix -q .
	@$(BIN)/ruff format -q .

lint: $(VENV)/.dev ## Check formatting, style and the rules of tools/lint.py
	@$(BIN)/ruff format --check -q .
	@$(BIN)/ruff check -q .
	@$(PY) tools/lint.py

types: $(VENV)/.dev ## Check the types
	@$(BIN)/mypy

contracts: $(VENV)/.dev ## Check the import contracts
	@$(BIN)/lint-imports --no-logo

docs: $(VENV)/.dev ## Regenerate the generated documents
	@set -e; for generator in $(GENERATORS); do $(PY) "$$generator"; done

docs-check: $(VENV)/.dev ## Fail if a generated document is stale
	@set -e; for generator in $(GENERATORS); do $(PY) "$$generator" --check; done

# The build requirements of pyproject.toml are locked as plain packages, so that installing the
# project itself downloads nothing. The dev lock is constrained by the runtime lock: installing it
# on top changes no version.
COMPILE = "$$uv" pip compile -q --universal --python-version 3.11 --generate-hashes --no-header \
  --no-emit-index-url --no-emit-find-links --extra embedded $(ARGS)

lock: $(VENV)/.made ## Update the lock files (ARGS=--upgrade, ARGS="--upgrade-package litestar")
	@mkdir -p build
	@$(PY) -c 'import tomllib; \
	print(*tomllib.load(open("pyproject.toml", "rb"))["build-system"]["requires"], sep="\n")' \
	  > build/requires.in
	@set -e; uv='$(UV)'; if [ -z "$$uv" ]; then uv=build/uv/bin/uv; fi; \
	if ! command -v "$$uv" > /dev/null; then \
	  $(PY) -m venv build/uv; build/uv/bin/python -m pip install -q uv; fi; \
	$(COMPILE) -o requirements.lock pyproject.toml build/requires.in; \
	$(COMPILE) --extra dev -c requirements.lock -o requirements-dev.lock \
	  pyproject.toml build/requires.in

clean: ## Remove caches and build output (keeps .venv and the data in .lsos)
	@rm -rf build dist .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	@find src tests tools migrations -name __pycache__ -type d -prune -exec rm -rf {} +

distclean: clean ## Also remove the virtual environment
	@rm -rf $(VENV)

help: ## List the commands
	@awk 'BEGIN { FS = ":.*## " } /^##@/ { printf "\n%s\n", substr($$0, 5) } \
	  /^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

.PHONY: run audit migrate api worker test check bench load-test load-publish format lint types contracts docs \
  docs-check lock clean distclean help

# Stamps: a changed lock installs again, an unchanged one costs nothing. A recipe touches its stamp
# last, so a broken-off install is tried again. An interpreter that has gone voids all of them.
_ := $(shell test -x $(PY) || rm -f $(VENV)/.made $(VENV)/.locked $(VENV)/.runtime $(VENV)/.dev)

IS_NEW_ENOUGH = -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2> /dev/null
CANDIDATES = $(if $(PYTHON),"$(PYTHON)",python3 python3.14 python3.13 python3.12 python3.11)

# Without uv and without pip, the environment was made by a uv that has gone.
define install
@set -e; if [ -n '$(UV)' ]; then '$(UV)' pip install -q --python $(PY) $(1); else \
  $(PY) -c 'import pip' 2> /dev/null || $(PY) -m ensurepip > /dev/null; \
  $(PY) -m pip install -q --disable-pip-version-check $(1); fi
endef

$(VENV)/.made:
	@set -e; if $(PY) $(IS_NEW_ENOUGH); then touch $@; exit; fi; \
	found=; for python in $(CANDIDATES); do \
	  if "$$python" $(IS_NEW_ENOUGH); then found=$$python; break; fi; \
	done; \
	if [ -z "$$found" ]; then \
	  echo 'LSOS needs Python 3.11 or newer, and found none as:' $(CANDIDATES) >&2; \
	  echo 'Install one, or say where it is: make PYTHON=/path/to/python3.12' >&2; exit 1; \
	fi; \
	echo "Making $(VENV) with $$("$$found" --version)"; \
	rm -rf $(VENV); \
	if [ -n '$(UV)' ]; then '$(UV)' venv -q --python "$$(command -v "$$found")" $(VENV); \
	else "$$found" -m venv $(VENV); fi; \
	touch $@

$(VENV)/.locked: requirements.lock $(VENV)/.made
	@echo 'Installing requirements.lock'
	$(call install,--require-hashes -r requirements.lock)
	@touch $@

# Built with the locked setuptools: an isolated build would download an unlocked one.
$(VENV)/.runtime: pyproject.toml $(VENV)/.locked
	$(call install,--no-deps --no-build-isolation -e .)
	@touch $@

$(VENV)/.dev: requirements-dev.lock $(VENV)/.runtime
	@echo 'Installing requirements-dev.lock'
	$(call install,--require-hashes -r requirements-dev.lock)
	@touch $@
