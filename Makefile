PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# Two workers, file by file in the order of tests/conftest.py: the longest begin.
TWO := -n 2 --dist loadfile --no-loadscope-reorder -q

.PHONY: reference notebooks campaign demo test quick lint docs bench wheel lowest clean

$(VENV)/.ready: pyproject.toml constraints.txt
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet -c constraints.txt -e ".[dev]"
	@touch $@

demo: $(VENV)/.ready
	$(BIN)/geo-access demo --out out/demo

lint: $(VENV)/.ready
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

test: lint
	$(BIN)/python -m pytest $(TWO) --ignore=tests/reference

# What `make test` leaves to CI: whole studies (the demo, real data where ../shared/data is), the notebooks, and all
# examples of every property, of which `make test` draws a third.
reference: $(VENV)/.ready
	$(BIN)/python -m pytest $(TWO) tests/reference
	EXAMPLES=1 $(BIN)/python -m pytest $(TWO) -m hypothesis --ignore=tests/reference tests

# The tests of the rooms that changed since origin/main (or SINCE=…), for at most a minute; what was not reached is said.
quick: $(VENV)/.ready
	$(BIN)/python .ci/quick.py $(SINCE)

# The documentation into out/docs, strictly: a broken link or a missing name is an error. No network.
docs: $(VENV)/.ready
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet --site-dir out/docs

# The notebooks run again, and what they print and draw kept in them.
notebooks: $(VENV)/.ready
	$(BIN)/python .ci/notebooks.py

# Wheel and sdist, each installed alone into an empty environment off the clone, and the demo run there.
wheel:
	PYTHON="$(PYTHON)" bash .ci/wheel

# The lowest versions that pyproject.toml declares, and the fast part of the suite on them.
lowest:
	PYTHON="$(PYTHON)" bash .ci/lowest

# Damage the inputs and hunt for tracebacks, by the hour.
campaign: $(VENV)/.ready
	$(BIN)/python -m tests.reliability.campaign

bench: $(VENV)/.ready
	$(BIN)/python tests/benchmarks/run.py

clean:
	rm -rf $(VENV) out build dist
