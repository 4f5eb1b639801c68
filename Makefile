# From nothing but python3 (3.11 or newer), git and make: every target that needs the environment builds it first.
PYTHON ?= python3
VENV := .venv
RUN := $(VENV)/bin/python

.DEFAULT_GOAL := help
.PHONY: help environment demo test lint types bench docs sample fuzz clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(firstword $(MAKEFILE_LIST))

environment: ## build .venv from pyproject.toml and constraints.txt (done by the others when needed)
	@command -v $(PYTHON) >/dev/null 2>&1 || { \
		echo "make: no $(PYTHON) found; install Python 3.11 or newer, or say make PYTHON=/path/to/python3" >&2; exit 1; }
	@$(PYTHON) .ci/environment.py $(VENV)

demo: environment ## the whole way on sample_data: files to store, replay, cost, report
	@$(VENV)/bin/tcakit demo

test: environment ## run the tests, a file at a time on each core
	@$(RUN) -m pytest -n auto --dist loadfile --no-loadscope-reorder

lint: environment ## check style and formatting
	@$(RUN) -m ruff check .
	@$(RUN) -m ruff format --check .

types: environment ## check the types
	@$(RUN) -m mypy

bench: environment ## measure against other libraries and write docs/benchmarks.md
	@$(RUN) -m benchmarks

docs: environment ## regenerate docs/tables.md, docs/cli.md and the numbers of other pages
	@$(RUN) docs/generate.py

sample: environment ## remake sample_data
	@$(RUN) -m tcakit.simulator.sample sample_data

fuzz: environment ## read spoilt files, 100,000 a format; then all tests, long ones too, with many more examples
	@$(RUN) -m tests.fuzz
	@$(RUN) -m tests.fuzz --bounds-checked --mutations 10000
	@$(RUN) -m pytest --hypothesis-profile=fuzz -m "long or not long"

clean: ## remove the environment, caches and what the demo made
	@rm -rf $(VENV) .venv.lock build dist demo *.egg-info .pytest_cache .hypothesis .mypy_cache .ruff_cache
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
