# The doors of this project. `make` alone lists them.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
# What there is of it: bench and trial are measured and played from outside the package.
CODE := $(wildcard src bench trial tests)
TYPED := $(wildcard src bench trial)
UV_COMPILE := .lockenv/bin/uv pip compile --quiet --upgrade --universal --python-version 3.11 \
	--generate-hashes --no-header --no-emit-index-url --no-emit-find-links

.DEFAULT_GOAL := help
.PHONY: help setup check test demo trial bench soak fuzz docs format lock changelog clean

help:  ## list every door
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## */\1|/' \
		| awk -F'|' '{printf "  make %-9s %s\n", $$1, $$2}'

setup: $(VENV)/.stamp  ## make .venv from the locked versions (again only when they changed)

$(VENV)/.stamp: requirements-dev.lock pyproject.toml
	@echo "setting up $(VENV)"
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=python3.12 …")'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(PIP) install --require-hashes --only-binary=:all: -r requirements-dev.lock
	@$(PIP) install --no-deps --no-build-isolation --no-index --editable .
	@touch $@

check: setup  ## lint, format, types, floors, file length
	@$(BIN)/ruff check --quiet $(CODE)
	@$(BIN)/ruff format --check --quiet $(CODE) || { echo "not formatted: make format"; exit 1; }
	@$(BIN)/mypy --no-error-summary $(TYPED)
	@$(BIN)/lint-imports --no-logo > $(VENV)/floors.txt || { cat $(VENV)/floors.txt; exit 1; }
	@$(BIN)/pytest -q --no-header tests/architecture

test: check  ## set-up, check and every test
	@$(BIN)/pytest -q --no-header

demo: setup  ## play the main job and stay up (ONCE=1: play it once, print the story)
	@$(BIN)/interroam demo $(if $(ONCE),--once)

trial: setup  ## play whole days with many partners (CHAOS=1: and break things)
	@$(BIN)/python -m trial

bench: setup  ## measure ours, the reference and the peers in one run (QUICK=1: in 3 minutes)
	@$(BIN)/python -m bench

soak: setup  ## the tests' own long campaigns: crashes, hours, many connections
	@INTERROAM_SOAK=1 $(BIN)/pytest -q --no-header --timeout=0 -m soak

fuzz: setup  ## the tests' own properties with many more examples
	@INTERROAM_FUZZ=1 $(BIN)/pytest -q --no-header --timeout=0 -m fuzz

docs: setup  ## write the generated reference pages
	@mkdir -p docs/reference
	@$(BIN)/python -m interroam.protocols.ocpi.v211 > docs/reference/losses-ocpi.md
	@$(BIN)/python -m interroam.protocols.emip > docs/reference/losses-emip.md
	@$(BIN)/python -m interroam.cli.reference docs/reference

format: setup  ## bring the code into its form
	@$(BIN)/ruff check --quiet --fix-only $(CODE)
	@$(BIN)/ruff format --quiet $(CODE)

lock: .lockenv/bin/uv  ## renew the locked versions from pyproject.toml
	@$(UV_COMPILE) --output-file requirements.lock pyproject.toml
	@$(UV_COMPILE) --extra dev --constraint requirements.lock --no-annotate --output-file requirements-dev.lock pyproject.toml

.lockenv/bin/uv:
	@$(PYTHON) -m venv .lockenv
	@.lockenv/bin/python -m pip --disable-pip-version-check --quiet install uv

changelog: setup  ## show what the next release says (RELEASE=1: move it from changelog.d to CHANGELOG.md)
	@$(BIN)/towncrier build $(if $(RELEASE),--yes,--draft)

clean:  ## remove caches and results; .venv stays
	@rm -rf .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis .lockenv .statements.json dist build
	@find $(CODE) -name __pycache__ -type d -prune -exec rm -rf {} +
