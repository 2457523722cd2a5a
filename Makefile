# Needs Python 3.11 or newer, make and a package index; nothing else.
PYTHON ?= python3
ARGS ?=

VENV := .venv
STAMP := $(VENV)/.installed
# Some machines forbid it; each of the hundreds of processes the tests start would then compile all our code anew.
export PYTHONDONTWRITEBYTECODE :=
PACKAGES := models migrations rules activities workflows starter procedures reports texts verify benchmarks worker.py

.PHONY: setup demo dev test test-long bench test-postgres mutants incident check migration format clean

setup: $(STAMP)
	@:

$(STAMP): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "redress needs Python 3.11 or newer; name one: make $(or $(MAKECMDGOALS),setup) PYTHON=python3.12" >&2; exit 2; }
	@echo "Setting up $(VENV) (about a minute) ..."
	@$(PYTHON) -m venv $(VENV)
	@$(VENV)/bin/pip install -qq --disable-pip-version-check -c constraints.txt -e '.[dev]'
	@touch $@

demo: setup
	@$(VENV)/bin/redress demo $(ARGS)

dev: setup
	@exec $(VENV)/bin/redress dev $(ARGS)

test: setup
	@$(VENV)/bin/pytest -n 4 --dist worksteal $(ARGS)

# What takes half a minute and more: workers on several hosts, rollout and rollback, planted bugs, mutants.
test-long: setup
	@$(VENV)/bin/pytest -n 2 -m long $(ARGS)

# A batch incident of N cases on a real server, its worker killed in the middle: figures.
incident: setup
	@$(VENV)/bin/python -m tests.e2e.batch $(or $(N),5000)

test-postgres: setup
	@REDRESS_TEST_DATABASE=postgresql $(VENV)/bin/pytest -n 2 $(ARGS)

# Compared with: DBOS by pip, Restate's server by npm. Where one cannot be had the bench says so and goes on.
RESTATE := @restatedev/restate-server@1.7.12

bench: setup
	@$(VENV)/bin/pip install -qq --disable-pip-version-check -c constraints.txt -e '.[dev,bench]'
	@test -d $(VENV)/restate/node_modules || ! command -v npm >/dev/null || \
	  npm install --silent --no-fund --no-audit --prefix $(VENV)/restate $(RESTATE) || true
	@$(VENV)/bin/python -m benchmarks $(PARTS)

check: setup
	@$(VENV)/bin/ruff check .
	@$(VENV)/bin/ruff format --check .
	@$(VENV)/bin/mypy $(PACKAGES) tests

# Every change of the code that would hurt open cases and must be caught; `make test` tries the first ones.
mutants: setup
	@REDRESS_TEST_MUTANTS=all $(VENV)/bin/pytest -n 2 -m long tests/replay/test_mutants.py

# The migration that leads from the newest one to the models: make migration DOES="audit trail"
migration: setup
	@$(VENV)/bin/python -m migrations.new "$(DOES)"

format: setup
	@$(VENV)/bin/ruff check --fix .
	@$(VENV)/bin/ruff format .

clean:
	@rm -rf $(VENV) build dist .mypy_cache .pytest_cache .ruff_cache .hypothesis .coverage htmlcov
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

# One lane, to be run again by its seed: make chaos SEED=7 N=60 (a random seed, printed, where none is given).
.PHONY: chaos fuzz gateway worlds races books tokens authority injections canaries wedges keys shell flood ledger starts dark deadlines load walk lanes
LANE = $(VENV)/bin/python -m tests.lanes.$(1) $(if $(SEED),--seed $(SEED)) \
  $(if $(N),--n $(N),$(if $(SHORT),$(SHORT_$(1)))) $(ARGS)

chaos: setup
	@$(call LANE,crash)

fuzz: setup
	@$(call LANE,hostile)

gateway: setup
	@$(call LANE,gateway)

worlds: setup
	@$(call LANE,worlds)

races: setup
	@$(call LANE,races)

books: setup
	@$(call LANE,books)

tokens: setup
	@$(call LANE,tokens)

authority: setup
	@$(call LANE,authority)

injections: setup
	@$(call LANE,injections)

canaries: setup
	@$(call LANE,canaries)

wedges: setup
	@$(call LANE,wedges)

keys: setup
	@$(call LANE,keys)

shell: setup
	@$(call LANE,shell)

flood: setup
	@$(call LANE,flood)

ledger: setup
	@$(call LANE,ledger)

starts: setup
	@$(call LANE,starts)

dark: setup
	@$(call LANE,dark)

deadlines: setup
	@$(call LANE,deadlines)

load: setup
	@$(call LANE,load)

# Every case of a file under a procedure, played to its end: make walk PACK=returns N=890 FILE=complaints.csv
walk: setup
	@$(call LANE,walk) $(if $(PACK),--pack $(PACK)) $(if $(FILE),--file $(FILE))

# All of them in the form for every change, two at a time; those that mostly wait beside those that calculate.
SHORT_worlds := --n 8000
SHORT_authority := --n 2000
SHORT_tokens := --n 5000
SHORT_books := --n 20
SHORT_gateway := --n 300
SHORT_races := --n 15
SHORT_shell := --n 800 --processes 8
SHORT_flood := --n 2000 --updates 400
SHORT_hostile := --n 1500
SHORT_crash := --n 16 --kills 10
SHORT_canaries := --n 1
SHORT_keys := --n 1
SHORT_ledger := --n 2
SHORT_starts := --n 6
SHORT_dark := --n 40 --answer 30
SHORT_deadlines := --n 80 --answer 30
SHORT_load := --n 40 --rate 8 --seconds 10
SHORT_walk := --n 12

lanes: setup
	@$(MAKE) --no-print-directory -j 2 SHORT=1 chaos worlds dark tokens authority injections deadlines canaries wedges keys \
	  ledger books gateway races shell flood starts load fuzz walk

