# Two commands do all the set-up on a fresh machine: make demo, make test. What they stand for is in the README.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin

# They measure time, or use pytest-benchmark, which is off beside other workers.
ALONE := tests/serving tests/checks/infrastructure tests/team \
	tests/checks/model_quality/test_size_and_latency.py tests/quality/test_saved_runs.py

.PHONY: demo test tools lint bench docs clean

demo: $(VENV)/.installed tools  ## run the readiness checks on the example and write both reports
	$(BIN)/pip install --quiet -r example_project/requirements.txt
	$(BIN)/python example_project/deploy/build_image.py example_project/build/income.tar
	$(BIN)/python example_project/deploy/staging.py
	$(BIN)/python example_project/registry/make_registry.py
	cd example_project && $(abspath $(BIN))/coverage run --branch --include=./features.py -m pytest -q tests/test_features.py
	cd example_project && $(abspath $(BIN))/coverage json -q -o reports/coverage.json
	$(BIN)/pytest --mlready example_project --mlready-report=readiness.html --mlready-report=readiness.json

test: $(VENV)/.installed-dev tools  ## run all tests, slow ones too
	$(BIN)/python -m pytest $(ALONE)
	$(BIN)/python -m pytest tests --ignore=tests/plugin $(addprefix --ignore=,$(ALONE)) -n 2
	$(BIN)/python -m pytest tests/plugin -n 2

tools:  ## promtool, which fires alert rules; without it the checks that need it say so
	@command -v promtool >/dev/null || { command -v apt-get >/dev/null && [ "$$(id -u)" = 0 ] \
		&& apt-get update -qq && apt-get install -y -qq --no-install-recommends prometheus >/dev/null; } \
		|| echo "promtool is not installed (Debian: apt-get install prometheus); checks that need it will say so"

lint: $(VENV)/.installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: $(VENV)/.installed-dev  ## ratios, measured side by side; wants a quiet machine
	$(BIN)/python -m pytest benchmarks -p no:xdist -o python_files="bench_*.py"

docs: $(VENV)/.installed  ## regenerate docs/checklist.md
	$(BIN)/python docs/generate.py

$(VENV)/.installed: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --upgrade pip
	$(BIN)/pip install --quiet -e '.[all]'
	touch $@

$(VENV)/.installed-dev: $(VENV)/.installed
	$(BIN)/pip install --quiet --group dev
	touch $@

clean:
	rm -rf $(VENV) readiness.html readiness.json .pytest_cache .mypy_cache .ruff_cache
