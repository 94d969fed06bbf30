# Each target creates .venv when it is missing; PYTHON names the interpreter to create it with.
PYTHON ?= python3
BIN := .venv/bin
THREADS ?= 2

.PHONY: run test test-torch test-slow test-spoilt faults lint bench figures calibration-figures paper docs vendor-check clean

.venv/.installed: pyproject.toml
	$(PYTHON) -m venv .venv && $(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[dev]' && touch $@

.venv/.torch: .venv/.installed
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[dev,deep]' && touch $@

run: .venv/.installed ## two reciprocal weights find each other
	$(BIN)/sal-hw run recipes/two_neuron.yaml --threads $(THREADS)

# workers and the processes that tests start share what Python has compiled once, and each has one core
test test-torch test-slow: export PYTHONDONTWRITEBYTECODE =
test test-torch test-slow: export OPENBLAS_NUM_THREADS = 1

test: .venv/.installed ## all fast tests: at most 5 minutes of CPU time once the engines are compiled
	$(BIN)/python -m pytest -m "not slow" -n $(THREADS) --dist loadfile

test-torch: .venv/.torch ## the fast tests that need PyTorch, which is installed first; later runs of the others have it, too
	$(BIN)/python -m pytest -m "torch and not slow" -n $(THREADS) --dist loadfile

test-slow: .venv/.installed ## the tests marked slow: long runs, many examples, Brian2, installed packages
	$(BIN)/python -m pytest -m slow -n $(THREADS) --dist loadfile

faults: .venv/.installed ## what happens to runs on real computers: 200 kills, signals, bad disks, two writers; some minutes
	$(BIN)/python tests/faults --kills 200

test-spoilt: .venv/.installed ## 2000 spoilt run folders, snapshots and NIR files; half an hour
	SAL_HW_SPOILT_FILES=2000 $(BIN)/python -m pytest tests/property/test_spoilt_files.py -m slow -n 3 --dist load

lint: .venv/.installed ## style, types, layers
	$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/mypy && $(BIN)/lint-imports

bench: .venv/.torch ## speed, as ratios to a textbook program in the same process
	$(BIN)/python -m pytest tests/bench -m "slow or not slow" --benchmark-disable-gc --benchmark-columns=min,median,max,rounds

figures: .venv/.installed paper ## the figures of README, docs and the paper's page, into docs/figures
	$(BIN)/python docs/make_figures.py --out docs/figures

paper: .venv/.torch ## the experiments of the paper, with our numbers beside the expected ones, into docs/paper.md
	$(BIN)/python docs/make_paper.py --threads $(THREADS)

calibration-figures: .venv/.installed ## five chips calibrated and used, into docs/figures; about half an hour
	$(BIN)/python docs/calibration_figures.py --out docs/figures --threads $(THREADS)

vendor-check: .venv/.installed ## run files and kernels through the vendors' own code: VENDOR names a folder with it
	$(BIN)/python tests/vendor/check.py "$(VENDOR)" "$(VENDOR_PYTHON)" "$(VENDOR_OLD)"

docs: .venv/.installed ## the generated parts of the docs: commands, recipes and error codes; layers; changes that change nothing
	$(BIN)/python docs/make_reference.py --out docs/reference.md
	$(BIN)/python docs/make_layers.py --out docs/architecture.md
	$(BIN)/python docs/make_metamorphic.py --out docs/metamorphic.md

clean: ## everything that can be made again
	rm -rf .venv build dist runs .mypy_cache .pytest_cache .ruff_cache .hypothesis .benchmarks && find . -name __pycache__ -type d -exec rm -rf {} +
