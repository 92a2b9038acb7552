# make demo     set everything up and score real problems, right and wrong
# make test     set everything up; lint, type-check and run the tests that tell most, in five minutes
# make test ALL=1  the same with every test that can run here (what .ci/run calls; a quarter of an hour)
# make clients  the real clients (OpenRLHF, verl, TRL, EvalPlus) in a virtualenv of their own, for their tests
# make images   the slim image of container workers (Docker; as root with debootstrap, or make images BASE=python:3.11-slim-bookworm)
# make bench    the published numbers, as tables and as lines of JSON (RESULTS=FILE names another file); half an hour
# make baselines  what a sample costs beside other graders, each in a virtualenv of its own (a part of make bench)
# make soak     50,000 jobs of every kind: does anything grow (a part of make bench)
# make docs     the documentation as pages, in site/: open site/index.html
# make plots    pictures of the latest results, into docs/pictures
# make hack     the same policy trained under three graders, a minute or two: which of them teaches it to cheat (docs/hack.md and its picture)
# make lab      conformance and attacks on a machine with cgroups v2 and an older kernel, under qemu (apt: qemu-system-x86 busybox-static cpio)

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
RESULTS ?= benchmarks/results/$(shell date +%F)-$(shell git rev-parse --short HEAD 2>/dev/null || echo unknown).jsonl
PIP := -m pip --disable-pip-version-check --quiet install -c constraints.txt

.PHONY: demo test lint clients images bench baselines soak docs plots hack lab clean

demo: $(VENV)/.demo
	$(BIN)/python examples/demo.py

test: lint
	$(BIN)/python -m pytest -n 2 --dist worksteal $(if $(ALL),,--quick) $(PYTEST_ARGS)

lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

# The ladder first: it tells whether the machine is quiet. What takes long, and what makes it busy, comes last.
bench: $(VENV)/.dev
	$(BIN)/python benchmarks/ladder.py --json $(RESULTS)
	$(BIN)/python benchmarks/throughput.py --json $(RESULTS)
	$(BIN)/python benchmarks/host.py --json $(RESULTS)
	$(BIN)/python benchmarks/tester.py --json $(RESULTS)
	$(BIN)/python benchmarks/baselines.py --json $(RESULTS)
	$(BIN)/python benchmarks/scaling.py --json $(RESULTS)
	$(BIN)/python benchmarks/scaling.py --ray --cpu-ms 30 --rounds 3 --json $(RESULTS)
	$(BIN)/python benchmarks/latency.py --processes 4 --threads 16 --json $(RESULTS)
	$(BIN)/python benchmarks/datasets.py --json $(RESULTS)
	$(BIN)/python benchmarks/fairness.py --json $(RESULTS)
	$(BIN)/python benchmarks/soak.py --json $(RESULTS)

baselines: $(VENV)/.dev
	$(BIN)/python benchmarks/baselines.py --json $(RESULTS)

soak: $(VENV)/.dev
	$(BIN)/python benchmarks/soak.py --json $(RESULTS)

# What the pages say of the Python API they read from the code, without running it.
docs: $(VENV)/.docs
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet

plots: $(VENV)/.report
	$(BIN)/python benchmarks/plots.py

hack: clients $(VENV)/.report
	PYTHONPATH=. .venv-clients/bin/python benchmarks/hack/train.py --pytest $(BIN)/python --json $(RESULTS) --page docs/hack.md
	$(BIN)/python benchmarks/plots.py --results $(RESULTS) --only hack

lab: $(VENV)/.dev
	$(BIN)/python tests/lab/build.py --keep .lab

clients: .venv-clients/.done

images: $(VENV)/.dev
	$(BIN)/reward-sandbox images build python-slim $(if $(BASE),--base $(BASE))

# A stamp a set of packages: the virtualenv is made once, and again when what it should hold has changed.
$(VENV)/.python:
	$(PYTHON) -m venv $(VENV)
	touch $@

$(VENV)/.demo: $(VENV)/.python pyproject.toml constraints.txt
	$(BIN)/python $(PIP) -e '.[demo]'
	touch $@

$(VENV)/.dev: $(VENV)/.python pyproject.toml constraints.txt
	$(BIN)/python $(PIP) -e '.[dev]'
	touch $@

$(VENV)/.report: $(VENV)/.python pyproject.toml constraints.txt
	$(BIN)/python $(PIP) -e '.[report]'
	touch $@

$(VENV)/.docs: $(VENV)/.python pyproject.toml constraints.txt
	$(BIN)/python $(PIP) -e '.[docs]'
	touch $@

.venv-clients/.done: tests/clients.txt
	$(PYTHON) -m venv .venv-clients
	.venv-clients/bin/python -m pip --disable-pip-version-check --quiet install -r tests/clients.txt
	.venv-clients/bin/python -m pip --disable-pip-version-check --quiet install --no-deps \
		openrlhf==0.11.2 evalplus==0.3.1 verl==0.9.1 trl==1.16.0
	for old in 0.9.0 0.10.1; do .venv-clients/bin/python -m pip --disable-pip-version-check --quiet install --no-deps \
		--upgrade --target .venv-clients/openrlhf-$$old openrlhf==$$old || exit 1; done  # for their command lines
	touch $@

clean:
	rm -rf $(VENV) .venv-clients .venv-baselines .lab site .mypy_cache .ruff_cache .pytest_cache
