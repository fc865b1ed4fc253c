# The four things one does here. Each sets up what it needs; only `make test` may ask for root (Chromium).
SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
LIGHT := .venv-light
BIN := $(VENV)/bin
PORT ?= 8501
DATA ?= ../shared/data
RUN_READY := $(VENV)/.run-ready
TEST_READY := $(VENV)/.test-ready

.PHONY: run run-light test lint bench models samples data fuzz faults lock clean

run: $(RUN_READY)  ## open the app at http://localhost:8501
	$(BIN)/streamlit run streamlit_app.py --server.port $(PORT)

run-light: $(LIGHT)/.ready  ## the same without torch: converted models on the CPU, no training, no foreign checkpoints
	$(LIGHT)/bin/streamlit run streamlit_app.py --server.port $(PORT)

# Two runs: the browser's driver keeps an event loop in its thread, which tests of asynchronous code cannot share.
# A browser test that fails runs once more: on a shared machine a press can be lost. The summary names it as RERUN.
test: lint browser  ## lint, types, contracts, then every test
	$(BIN)/python -m pytest --ignore=tests/browser
	$(BIN)/python -m pytest tests/browser --reruns 1 -r aR

lint: $(TEST_READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(TEST_READY) browser  ## ratios against the usual way, measured side by side
	$(BIN)/python -m benchmarks.run

TINY := build/models

models: data $(RUN_READY)  ## two tiny models, from the data to their cards, in build/models
	$(BIN)/python -m core train --config core/training/tiny/tiny_chest.json --data $(DATA)/xray --force --out $(TINY)/tiny_chest_v0.1.0/tiny_chest_v0.1.0.safetensors
	$(BIN)/python -m core train --config core/training/tiny/tiny_hippocampus.json --data $(DATA)/mri --force --out $(TINY)/tiny_hippocampus_v0.1.0/tiny_hippocampus_v0.1.0.safetensors
	READROOM_SHELF=$(TINY) $(BIN)/python -m core card --write

samples: data $(RUN_READY)  ## fit the synthetic samples' appearances anew, and score their cohort
	$(BIN)/python -m core samples --data $(DATA) --scores

data:
	@test -f $(DATA)/xray/index.csv -a -f $(DATA)/mri/hippocampus.csv || { \
	  echo "The data is expected in $(DATA): xray/index.csv and mri/hippocampus.csv with their zips. Say where it is: make models DATA=DIR"; exit 1; }

FILES ?= 10000
SEED ?= 1
fuzz: $(TEST_READY)  ## damaged and hostile files through every door; prints the count of verdicts by kind
	$(BIN)/python -m tests.hostile.run --files $(FILES) --seed $(SEED)

MOMENTS ?= 200
faults: $(TEST_READY)  ## kill what changes the shelf at seeded moments; prints the counts
	$(BIN)/python -m tests.registry.faults --moments $(MOMENTS) --seed $(SEED)
	READROOM_KILLS=$(MOMENTS) $(BIN)/python -m pytest tests/registry/test_faults.py tests/models/test_store.py -q -s

# A venv without pip is Debian's way of saying that python3-venv is missing.
$(BIN)/python:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed: make run PYTHON=python3.11"; exit 1; }
	$(PYTHON) -m venv $(VENV) || { echo "Python's venv is missing. On Debian: apt install python3-venv"; rm -rf $(VENV); exit 1; }
	$(BIN)/python -m pip install --quiet --disable-pip-version-check "pip>=24"

$(RUN_READY): requirements.lock requirements.txt pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps -e .
	touch $@

# What only torch's work needs is left out of the tested set.
HEAVY := torch|torchvision|monai|einops|onnxscript|onnx-ir|ml_dtypes|sympy|mpmath|networkx|fsspec|filelock
$(LIGHT)/.ready: requirements.lock pyproject.toml
	$(PYTHON) -m venv $(LIGHT)
	grep -vE '^($(HEAVY))==' requirements.lock > $(LIGHT)/requirements.txt
	$(LIGHT)/bin/python -m pip install --quiet --disable-pip-version-check -r $(LIGHT)/requirements.txt
	$(LIGHT)/bin/python -m pip install --quiet --disable-pip-version-check --no-deps -e .
	touch $@

$(TEST_READY): requirements-dev.txt $(RUN_READY)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c requirements.lock -r requirements-dev.txt
	touch $@

.PHONY: browser
browser:
	@command -v chromium >/dev/null || { \
	  echo "Installing Chromium for the browser tests."; \
	  if [ "$$(id -u)" = 0 ]; then SUDO=; else SUDO=sudo; fi; \
	  $$SUDO apt-get update -qq && DEBIAN_FRONTEND=noninteractive $$SUDO apt-get install -y -qq --no-install-recommends chromium fonts-dejavu-core >/dev/null; }

# The lock leaves out what torch itself pins (CUDA libraries), so that a CPU build can stand in its place.
lock: $(RUN_READY)  ## after changing requirements.txt: write the tested set down
	$(BIN)/python -m pip install --quiet -r requirements.txt
	{ echo "# The tested set: make lock."; $(BIN)/python -m pip freeze --exclude-editable | grep -viE '^(nvidia-|cuda-|triton)'; } > requirements.lock

clean:
	rm -rf $(VENV) $(LIGHT) build *.egg-info .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
