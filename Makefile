# Everything starts here. `make help` lists the targets.

SHELL := /bin/bash
PYTHON ?= python3
PY := .venv/bin/python
JOBS ?= 2

# An environment whose Python was upgraded or removed is made again.
_ := $(shell [ ! -e .venv ] || $(PY) -c "" 2>/dev/null || rm -rf .venv)

.DEFAULT_GOAL := help
.PHONY: help up demo test check bench e2e isolation lock assets clean system system-test

help: ## list the targets
	@awk 'BEGIN {FS = ":.*## "} /^[a-z0-9-]+:.*## / {printf "  make %-9s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

up: .venv/installed ## install, prepare and serve everything on this machine; Ctrl-C stops it
	@exec $(PY) -m stockcheck.supervisor

demo: .venv/installed ## the same without serving: the demo companies and their whole story
	@$(PY) manage.py prepare
	@$(PY) manage.py demo --story

test: .venv/installed system-test ## the whole test suite, browser tests included
	@$(PY) manage.py compilemessages --ignore .venv --verbosity 0
	@$(PY) -m pytest -n $(JOBS)

check: .venv/installed ## lint, format, types, templates, import order, migrations, translations
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/lint-imports
	.venv/bin/djlint templates --lint --quiet
	.venv/bin/mypy
	$(PY) manage.py makemigrations --check --dry-run
	$(PY) manage.py check_translations
	$(PY) manage.py check --fail-level WARNING

bench: .venv/installed ## benchmarks, each against the raw-SQL floor of the same run; ARGS="--lines 1000 --explain"
	@$(PY) -m bench $(ARGS)

e2e: .venv/installed system-test ## only the browser tests
	@$(PY) manage.py compilemessages --ignore .venv --verbosity 0
	@$(PY) -m pytest tests/browser

isolation: .venv/installed ## the isolation matrix for every role and junk value; `make test` has the most telling
	@ISOLATION=full $(PY) -m pytest tests/architecture/test_isolation.py -n $(JOBS)

lock: ## refresh requirements.lock from pyproject.toml (needs uv)
	uv pip compile pyproject.toml --group dev --universal --python-version 3.11 --upgrade --generate-hashes \
	  --no-emit-index-url --no-emit-find-links --no-header --no-annotate --quiet --output-file requirements.lock

assets: ## refresh the vendored browser libraries at their pinned versions
	@static/vendor/refresh.sh

clean: ## remove the environment and what was built; ALL=1 removes the database and the files too
	@if [ -n "$(ALL)" ] && [ -x $(PY) ]; then $(PY) -m stockcheck.machine.forget; fi
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache test-results build dist
	find . -name __pycache__ -prune -exec rm -rf {} +
	find . -path ./.git -prune -o -name '*.mo' -exec rm -f {} +

system:
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed, this is " + sys.version.split()[0] + \
	  ": set PYTHON=" if sys.version_info < (3, 11) else 0)'
	@$(PYTHON) -m stockcheck.machine.system

system-test: .venv/installed
	@$(PY) -m stockcheck.machine.system --test

.venv/installed: requirements.lock | system
	@echo "Installing the Python packages of requirements.lock"
	@$(PYTHON) -m venv .venv
	@.venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@touch $@
