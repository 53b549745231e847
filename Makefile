# Each target sets up what it needs in a virtual environment of its own ($(VENV)).
PYTHON ?= python3
VENV ?= .venv
BIN = $(VENV)/bin

.PHONY: demo test lint clean

demo: $(VENV)/.ready-all  ## train the tiny family, search the merge, confirm it: under five minutes
	$(BIN)/mergealign demo --out demo

test: $(VENV)/.ready-dev  ## all tests
	$(BIN)/python -m pytest --numprocesses auto --dist loadfile --ignore tests/end_to_end
	$(BIN)/python -m pytest tests/end_to_end

lint: $(VENV)/.ready-dev  ## format, style, types, direction of imports
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

$(VENV)/.ready-%: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[$*]'
	touch $@

clean:
	rm -rf .venv demo build dist .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache
