# Everything a newcomer needs; `make help` prints this list. Nothing but Python 3.11 or later, git and make is needed.
.DEFAULT_GOAL := help
PYTHON ?= python3
VENV := .venv
JOBS ?= 2
# Several processes, and no new one for one that was ended because a test hung: the run ends there and says where.
PYTEST = $(RUN) -m pytest -q -n $(JOBS) --dist loadgroup --max-worker-restart 0
RUN := $(VENV)/bin/python
STAMP := $(VENV)/.installed

$(STAMP): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or later is needed: set PYTHON=..."; exit 1; }
	@test -x $(RUN) || $(PYTHON) -m venv $(VENV)
	@if command -v uv >/dev/null; then U=uv; else $(VENV)/bin/pip install -q --disable-pip-version-check uv; U=$(VENV)/bin/uv; fi; \
	  VIRTUAL_ENV=$(CURDIR)/$(VENV) $$U pip install -q --require-hashes -r requirements.lock && \
	  VIRTUAL_ENV=$(CURDIR)/$(VENV) $$U pip install -q --no-deps --no-build-isolation -e .
	@touch $@

.PHONY: install run demo test test-slow test-domain bench up down lint help
install: $(STAMP) ## put everything the project needs into .venv

run: $(STAMP) ## start the stack and the five services, drive the cases, print addresses, stay up
	@$(RUN) -m cli.main demo --stay

demo: $(STAMP) ## the same, then stop; fails if any step did not do what it says
	@$(RUN) -m cli.main demo

test: $(STAMP) ## run everything but the slow tier, on both cores
	@$(PYTEST) --ignore tests/fuzz --ignore tests/faults tests

test-slow: $(STAMP) ## fuzz every operation, kill services and outside systems while a case runs
	@$(PYTEST) tests/fuzz tests/faults

test-domain: $(STAMP) ## run what needs no stack
	@$(RUN) -m pytest -q tests/domain

bench: $(STAMP) ## measure the budgets against peers and floors; writes build/bench.json
	@$(RUN) -m bench

up: $(STAMP) ## start PostgreSQL, Kafka, the identity provider and the stand-ins alone
	@$(RUN) -m deploy.local up

down: $(STAMP) ## stop them; no process is left
	@$(RUN) -m deploy.local down

lint: $(STAMP) ## style, types, import rules, event schemas
	@$(VENV)/bin/ruff check .
	@$(VENV)/bin/ruff format --check .
	@$(VENV)/bin/basedpyright
	@$(VENV)/bin/lint-imports
	@$(RUN) -m pytest -q tests/domain/test_domains_are_pure.py
	@$(RUN) -m libs.events.schemas check
	@$(RUN) -m cli.reference check

help: ## print this list
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 14
