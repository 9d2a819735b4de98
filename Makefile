# `make` alone lists the targets. ARGS="..." goes on to the command, PYTHON=... makes .venv with another Python (3.11 or later).
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
PYTHON ?= $(shell command -v python3.11 || command -v python3)

python := .venv/bin/python
pip := $(python) -m pip --disable-pip-version-check
install := $(pip) install -qq --constraint constraints.txt --editable
# Two files of tests at a time, in the order of tests/conftest.py; ARGS="-n 0" takes them one by one in one process.
pytest := $(python) -m pytest -n 2 --dist loadfile --no-loadscope-reorder

.NOTPARALLEL:
.PHONY: help .venv sweep ui server test test-all check style layers types bench constraints clean

help: ## this list
	@awk -F ':.*## ' '/^[.a-z-]+:.*## / { printf "  %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.venv: .venv/.installed ## the environment of all other targets, with the versions of constraints.txt

sweep: .venv/.installed ## a first sweep: DQN on CartPole
	.venv/bin/tuning run cartpole-dqn $(ARGS)

ui: .venv/.installed ## compare the runs in the MLflow UI
	.venv/bin/tuning ui $(ARGS)

server: .venv/.postgres ## PostgreSQL and MLflow on loopback, to try Lockstep with servers (docs/servers.md)
	$(python) deploy/servers.py $(ARGS)

test: .venv/.installed ## the tests that need neither long nor a GPU
	$(pytest) -m "not slow and not gpu" $(ARGS)

test-all: .venv/.installed ## all tests; those for a GPU are skipped where there is none
	$(pytest) -m "not alone" $(ARGS)
	$(python) -m pytest -m alone $(ARGS) || [ $$? = 5 ] # 5: there are none among those that ARGS names

check: style layers types test ## format and lint, who imports whom, types, then `make test`

style: .venv/.installed
	$(python) -m ruff format --check
	$(python) -m ruff check

layers: .venv/.installed
	PYTHONPATH=. .venv/bin/lint-imports --no-cache

types: .venv/.installed
	$(python) -m mypy --strict tuning trainables

bench: .venv/.bench ## the benchmarks, against a plain stack of Ray Tune, Optuna and MLflow
	$(python) benchmarks/run.py $(ARGS)

constraints: .venv/.installed ## resolve constraints.txt anew from pyproject.toml, with today's versions
	@mkdir -p build
	{ grep '^#' constraints.txt; \
	  $(pip) install --dry-run --ignore-installed --editable '.[dev,bench,envpool,box2d,mujoco,plots,cluster]' \
	  | sed -n 's/^Would install //p' | tr ' ' '\n' | grep -v '^lockstep-tuning-' \
	  | sed -E 's/-([^-]+)$$/==\1/; s/\+.*//' | LC_ALL=C sort -f; } > build/constraints.txt
	mv build/constraints.txt constraints.txt

clean: ## remove .venv and all caches; runs/ stays, it holds your results
	rm -rf .venv build lockstep_tuning.egg-info .mypy_cache .pytest_cache .ruff_cache .hypothesis
	find . \( -name runs -o -name .git \) -prune -o -name __pycache__ -prune -exec rm -rf {} +

# `.installing` becomes `.installed` at the end; found at the beginning it tells of an install cut short, after which nothing
# in .venv can be trusted. After a plain failure (no network, no such version) .venv stays as it was, since pip changes
# nothing before it has found all it needs. The lock, where the system has one, keeps two makes from installing at once.
.venv/.installed: pyproject.toml constraints.txt
	@exec 9<Makefile; \
	if command -v flock >/dev/null; then flock -n 9 || { echo "waiting for another install into .venv"; flock 9; }; fi; \
	sound=no; if [ ! -e .venv/.installing ] && $(pip) --version >/dev/null 2>&1; then sound=yes; fi; \
	mkdir -p .venv; touch .venv/.installing; trap 'exit 130' INT TERM; \
	echo "installing into .venv (the first time takes about a minute)"; \
	if [ $$sound = no ]; then find .venv -mindepth 1 ! -name .installing -delete; $(PYTHON) -m venv .venv; fi; \
	$(install) '.[dev]' || { rm .venv/.installing; exit 1; }; \
	mv .venv/.installing $@

.venv/.bench .venv/.postgres: .venv/.%: .venv/.installed
	$(install) '.[$*]'
	@touch $@
