# Two commands do everything: `make demo` and `make test`. Each sets up what it needs itself.

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
PIP    := $(BIN)/python -m pip --disable-pip-version-check --quiet
NEWEST_SETUP_FILES := pyproject.toml requirements.txt

.PHONY: demo test check bench setup setup-dev browser lock help

help:
	@echo "make demo    set up, then the whole loop: harvest, contest, search, submission, leaderboard"
	@echo "make test    set up, then all tests"
	@echo "make check   linters and types"
	@echo "make bench   every benchmark (minutes; a quiet machine)"
	@echo "make setup   only .venv, with the ripe command in it"
	@echo "make lock    pin the requirements anew (needs uv)"

demo: setup
	$(BIN)/ripe demo

test: setup-dev browser
	$(BIN)/python -m pytest -n auto --dist loadfile

check: setup-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: setup-dev
	for benchmark in benchmarks/*.py; do echo "== $$benchmark"; $(BIN)/python -P $$benchmark || exit 1; done

setup: $(VENV)/.runtime
setup-dev: $(VENV)/.dev

# The marks are written last: an interrupted set-up is taken up again by the next call.
$(VENV)/.runtime: $(NEWEST_SETUP_FILES)
	@$(MAKE) --no-print-directory install LOCK=requirements.txt
	@touch $@

$(VENV)/.dev: $(NEWEST_SETUP_FILES) requirements-dev.txt
	@$(MAKE) --no-print-directory install LOCK=requirements-dev.txt
	@touch $(VENV)/.runtime $@

.PHONY: install
install:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "Ripe needs Python 3.11 or newer; name one with: make PYTHON=/path/to/python3.11" >&2; exit 1; }
	@echo "Setting up $(VENV) from $(LOCK); a minute or two, once ..."
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(PIP) install --require-hashes -r $(LOCK)
	@$(PIP) install --no-deps --no-build-isolation --editable .
	@$(BIN)/python -m compileall -q competition experiments pipelines ripe submissions

# The page tests drive Debian's Chromium; without root they skip and say how to get it.
browser:
	@sh tests/install_browser.sh

lock:
	uv pip compile pyproject.toml --group build $(LOCK_FLAGS) -o requirements.txt
	uv pip compile pyproject.toml --group build --group dev --extra postgresql $(LOCK_FLAGS) \
		-c requirements.txt -o requirements-dev.txt

LOCK_FLAGS := --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	--no-emit-find-links --no-header --no-annotate --quiet
