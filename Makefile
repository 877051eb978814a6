# Everything here also works without make: see README.md.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin

.DEFAULT_GOAL := help
.PHONY: help install run test lint types imports gate check bench schema dist

help: ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  %-9s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

install: ## a virtual environment with the program and its tests, at the versions tested
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install -q -c constraints.txt -e '.[dev]'

run: ## the main job: extract the golden reports and hold every cell against its label
	$(BIN)/gouji evaluate golden

test: ## all tests (the slow one builds the wheel and reaches the package registry)
	$(BIN)/python -m pytest -n auto --dist loadfile -q

lint: ## ruff
	$(BIN)/ruff check

types: ## mypy, strict
	$(BIN)/mypy

imports: ## the import contracts of pyproject.toml
	$(BIN)/lint-imports --no-cache

gate: ## the golden reports and planted errors against golden/baseline.json
	@now=$$(mktemp) && { $(BIN)/gouji evaluate golden --planted --json $$now > /dev/null || [ $$? = 1 ]; } \
		&& $(BIN)/gouji compare golden/baseline.json $$now --gate; code=$$?; rm -f $$now; exit $$code

check: lint types imports test gate ## all that .ci/run checks before it compiles the program and tests it again

bench: ## one generated report of every damage level, with what is true of it
	@for level in clean light medium heavy; do $(BIN)/python -m benchmarks.damage --level $$level > /dev/null || exit 1; done

schema: ## schemas/form.schema.json from the models in extractor/form.py
	$(BIN)/gouji form schema > schemas/form.schema.json

dist: ## the wheel and the source archive, in dist/
	$(BIN)/python -m build
