# The doors of this project. `make` alone lists them.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
CODE := $(wildcard src bench trial tests checks)
TYPED := $(wildcard src bench trial checks)
# pip installs what the lock names and nothing else.
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet

export PYTHONDONTWRITEBYTECODE ?=

.DEFAULT_GOAL := help
.PHONY: help setup check test demo trial bench soak fuzz docs lock format clean

help:  ## list every door
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## */\1|/' | awk -F'|' '{printf "  make %-8s %s\n", $$1, $$2}'

setup: $(VENV)/.stamp  ## make .venv from the lock (again only when the lock changed)

$(VENV)/.stamp: requirements-dev.lock pyproject.toml
	@echo "setting up $(VENV)"
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(PIP) install --require-hashes --only-binary=:all: -r requirements-dev.lock
	@$(PIP) install --no-deps --no-build-isolation --no-index --editable .
	@touch $@
