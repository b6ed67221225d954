# The front door of CopyTrade Console. `make help` lists what it does.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

export LC_ALL := C.UTF-8
export QT_API := pyside6
export PYQTGRAPH_QT_LIB := PySide6
# The consoles and brokers that tests and proofs start load compiled modules: without them each
# start compiles all of ours anew, for more than a second.
unexport PYTHONDONTWRITEBYTECODE

VENV ?= .venv
WORKERS ?= 2
FOLLOWERS ?= 10
bin := $(VENV)/bin
python := $(bin)/python
code := copytrade_gui tests build_installer.py

.PHONY: help
help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-15s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

# ---- set-up -------------------------------------------------------------------------------

.PHONY: venv
venv: $(VENV)/.ready ## Make the virtual environment from the hash-locked requirements

$(VENV)/.ready: requirements.lock .ci/make-venv
	.ci/make-venv $(VENV)

.PHONY: window-packages
window-packages: $(VENV)/.ready
	@.ci/system-packages window || { \
	  $(python) -c 'import PySide6.QtWidgets, PySide6.QtSvg' 2>/dev/null \
	  && echo 'Qt loads without them; going on.' >&2; }

.PHONY: test-packages
test-packages: $(VENV)/.ready
	@.ci/system-packages tests

# ---- try it -------------------------------------------------------------------------------

.PHONY: demo
demo: window-packages ## Open the console in paper mode; without a display, show one copied order
	@if [[ -n "$${DISPLAY:-}$${WAYLAND_DISPLAY:-}" || "$$(uname)" == Darwin ]]; then \
	  $(python) -m copytrade_gui --paper; \
	else \
	  echo 'No display here: the same scenario runs offscreen.'; \
	  QT_QPA_PLATFORM=offscreen $(python) -m copytrade_gui demo --followers $(FOLLOWERS); \
	fi

.PHONY: screenshots
screenshots: test-packages ## The running program as PNG under screenshots/, dialogs too, light and dark
	$(python) -m tests.screenshots --out screenshots

# ---- prove it -----------------------------------------------------------------------------

.PHONY: test
test: test-packages ## The whole test suite
	QT_QPA_PLATFORM=offscreen $(python) -m pytest -n $(WORKERS) $(ARGS)

.PHONY: journeys
journeys: test-packages ## A trader's day at a real window, all of it, with mouse and keys from outside
	$(python) -m pytest -n 0 -m 'xvfb' tests/journeys $(ARGS)

.PHONY: check
check: $(VENV)/.ready ## Format, lint, strict types, import contracts, dependencies, house rules
	$(bin)/ruff format --check $(code)
	$(bin)/ruff check $(code)
	$(bin)/mypy
	$(bin)/lint-imports --no-cache
	$(bin)/deptry .
	$(python) -m pytest -q -n 0 tests/house/test_files.py tests/house/test_lock.py tests/house/test_words.py tests/house/test_clocks.py \
	  tests/house/test_citations.py tests/house/test_pages.py

.PHONY: quick
quick: $(VENV)/.ready ## Half a minute before a commit: format, lint, types, arrows, the nearest tests
	QT_QPA_PLATFORM=offscreen $(python) -m tests.house.quick

.PHONY: coverage
coverage: test-packages ## Coverage floors of domain, mapping, outcome table, gate and book
	QT_QPA_PLATFORM=offscreen $(python) -m tests.house.floors

.PHONY: format
format: $(VENV)/.ready ## Put the code into shape
	$(bin)/ruff check --fix-only --quiet $(code)
	$(bin)/ruff format $(code)

.PHONY: bench
bench: $(VENV)/.ready ## Our fan-out beside a bare-socket floor, as ratios, and the search; ARGS: fan-out alone
	QT_QPA_PLATFORM=offscreen $(python) -m copytrade_gui bench fanout $(ARGS)
	@[[ -n "$(ARGS)" ]] || $(python) -m copytrade_gui bench search

.PHONY: proof
proof: test-packages ## The order-safety proofs: lost, duplicate and orphan must all be zero
	QT_QPA_PLATFORM=offscreen $(python) -m tests.proof quick $(ARGS)

.PHONY: proof-release
proof-release: test-packages ## The long proofs before a release, in parts that can be resumed
	QT_QPA_PLATFORM=offscreen $(python) -m tests.proof release $(ARGS)

# ---- ship it ------------------------------------------------------------------------------

.PHONY: installer
installer: $(VENV)/.ready ## Build the program and its .deb, and copy an order with the result
	@.ci/system-packages installer
	$(python) build_installer.py $(ARGS)

.PHONY: lock
lock: ## Resolve the dependencies again (needs uv)
	uv pip compile pyproject.toml --group dev --group installer --universal \
	  --python-version 3.11 --generate-hashes --no-annotate --no-header --quiet \
	  --upgrade --output-file requirements.lock

.PHONY: clean
clean: ## Remove what was made here; the trader's data lies elsewhere and stays
	rm -rf $(VENV) build dist screenshots demo-output .mypy_cache .ruff_cache .pytest_cache \
	  .import_linter_cache .hypothesis
	find $(wildcard copytrade_gui tests .ci) -name __pycache__ -type d -prune -exec rm -rf {} +
