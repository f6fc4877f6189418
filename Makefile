# Everything a person does here. `make` alone lists the targets. Each one makes the .venv that it needs.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
PIP    := $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt

.DEFAULT_GOAL := help
.PHONY: help demo test check oracle bench proof format generate clean

help:  ## List the targets
	@grep -E '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | awk -F '\t' '{ printf "  make %-10s %s\n", $$1, $$2 }'

$(VENV)/made:
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "singalang needs Python 3.11 or later; say make PYTHON=python3.11")'
	$(PYTHON) -m venv $(VENV)
	@touch $@

$(VENV)/base: $(VENV)/made pyproject.toml constraints.txt
	@echo "installing singalang and the packages it needs into $(VENV), which takes a minute or so"
	@$(PIP) --editable .
	@touch $@

$(VENV)/dev: $(VENV)/base pyproject.toml constraints.txt
	@echo "installing what the tests need into $(VENV)"
	@$(PIP) --editable '.[dev]'
	@touch $@

$(VENV)/bench: $(VENV)/dev pyproject.toml constraints.txt
	@echo "installing PyTorch and other peers into $(VENV)"
	@$(PIP) --editable '.[dev,bench]'
	@touch $@

demo: $(VENV)/base  ## Compile examples/digits_mlp.singa and train it on real handwritten digits
	@mkdir -p build
	$(BIN)/singac examples/digits_mlp.singa -o build/digits_mlp.json
	$(BIN)/singa exec build/digits_mlp.json

test: $(VENV)/dev  ## Run all tests
	$(BIN)/python -m pytest -n 2 --dist worksteal -q -m 'not oracle'

check: $(VENV)/dev  ## Format, lint, types, imports and the quick tests, in about a minute
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m pytest -n 2 --dist worksteal -q -m 'not slow and not oracle'

oracle: $(VENV)/bench  ## Compare layers and updaters with PyTorch and optax
	$(BIN)/python -m pytest -q -m oracle

bench: $(VENV)/bench  ## Measure speed against hand-written JAX, PyTorch and Lark (about a quarter of an hour)
	$(BIN)/python -m benchmarks.run

proof: $(VENV)/bench  ## Prove the planner: 2,000 random nets, 112 topologies of real ones (two hours)
	$(BIN)/python -m tests.planner.curves
	$(BIN)/python -m tests.planner.gradients
	$(BIN)/python -m tests.planner.run --nets 2000

format: $(VENV)/dev  ## Bring Python files and examples into canonical layout
	$(BIN)/ruff check --fix-only --quiet .
	$(BIN)/ruff format .
	$(BIN)/singa fmt examples/*.singa

generate: $(VENV)/dev  ## Make again what is made from the sources: parser tables, editors, reference pages, plan schema
	$(BIN)/python -m singalang_grammar.parse.tables
	$(BIN)/python -m singalang_grammar.editors
	$(BIN)/python -m singalang_compiler.reference docs/reference
	$(BIN)/python -c 'from singalang_compiler.plan import json_schema_text; print(json_schema_text(), end="")' > docs/plan.schema.json

clean:  ## Remove the .venv and everything that was built
	rm -rf $(VENV) build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
