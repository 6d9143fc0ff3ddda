# Every target sets up what it needs, so `make demo` or `make test` is enough on a fresh machine.

PYTHON ?= python3
WORKERS ?= 2
ARGS ?=
DATA ?= ../shared/data

# The tests start many processes, and each would compile the package anew.
unexport PYTHONDONTWRITEBYTECODE

VENV := .venv
BIN := $(VENV)/bin
LITELLM := .venv-litellm
LANGCHAIN := .venv-langchain
READY := $(VENV)/.ready
STARTED := $(VENV)/.started
# Quiet but for errors; what set-up waits for is said in one line of our own.
PIP_INSTALL := -m pip --disable-pip-version-check -qq install
# Where there is no GPU, a newer torch would bring gigabytes of CUDA packages for nothing.
TORCH := torch==2.13.0

.DEFAULT_GOAL := help
.PHONY: help setup models demo test test-slow test-install test-vllm vllm-environment test-langchain test-litellm bench lint docs floors format pin clean distclean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-16s %s\n", $$1, $$2 }' Makefile

setup: $(READY) ## install everything into .venv (the other targets do it too)

# A first set-up that did not finish is started anew. A later one only changes what must change, and needs no network
# when nothing must; the stamp takes the time at which set-up began, so an edit made meanwhile is not missed.
$(READY): pyproject.toml constraints.txt setup.py
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "error: ctxpipe needs Python 3.11 or newer and " + sys.executable + " is " + sys.version.split()[0] + "; name another with make PYTHON=...")'
	@$(PYTHON) setup.py --check-links
	@if [ ! -e $(READY) ] && [ -e $(STARTED) ]; then \
		echo "Removing a set-up that did not finish"; \
		find $(VENV) -mindepth 1 ! -path $(STARTED) -delete; \
	fi
	@mkdir -p $(VENV) && touch $(STARTED)
	@echo "Setting up $(VENV), which takes some minutes the first time"
	@[ -e $(READY) ] || $(PYTHON) -m venv $(VENV)
	@command -v nvidia-smi > /dev/null || $(BIN)/python $(PIP_INSTALL) -c constraints.txt $(TORCH)
	@$(BIN)/python $(PIP_INSTALL) -c constraints.txt setuptools
	@$(BIN)/python $(PIP_INSTALL) -c constraints.txt --no-build-isolation -e '.[dev]'
	@mv $(STARTED) $(READY)

# The tests need the small ones only; the first question asked on this machine fetches the model that answers.
models: $(READY) ## fetch the embedded models that the tests need into the user's cache
	@$(BIN)/ctxpipe models pull smollm2-135m minilm-l6

demo: $(READY) ## ask two questions of the Python language reference; the first time it fetches a model of 491 MB
	@PYTHONUTF8=1 $(BIN)/python examples/demo.py

test: models ## run the tests that take minutes in all; ARGS="-k budget" for some
	@$(BIN)/python -m pytest -n $(WORKERS) --dist worksteal $(ARGS)

test-slow: models ## run the others: training, runs with a model, LLMLingua, scanned pages, gateway, integrations, blocks and commands of the docs
	@$(BIN)/python -m pytest -n $(WORKERS) --dist worksteal -m slow $(ARGS)

test-install: $(READY) ## install the wheel into an empty environment and use it; takes a minute or two
	@CTXPIPE_TEST_INSTALL=1 $(BIN)/python -m pytest tests/install --timeout 900 $(ARGS)

test-vllm: models $(LITELLM)/.ready ## run the tests against real vLLM servers, without a GPU; takes minutes and 7 GB of disk
	@CTXPIPE_TEST_VLLM=1 CTXPIPE_TEST_LITELLM=$(abspath $(LITELLM)) $(BIN)/python -m pytest tests/vllm --timeout 900 $(ARGS)

vllm-environment: $(READY) ## install the CPU build of vLLM that `ctxpipe serve --cpu` and test-vllm use, once
	@$(BIN)/python -c 'from ctxpipe.models.cache import cache_root; from ctxpipe.serving.launcher.install import make_environment; make_environment(cache_root(), on_note=print)'

test-langchain: $(READY) ## run LangChain's own tests of a retriever, in an environment of its own
	@[ -x $(LANGCHAIN)/bin/pytest ] || { $(BIN)/python -m venv $(LANGCHAIN) && $(LANGCHAIN)/bin/python $(PIP_INSTALL) -c constraints.txt langchain-tests==1.1.9 -e .; }
	@$(LANGCHAIN)/bin/python -m pytest -c tests/langchain/pytest.ini tests/langchain $(ARGS)

$(LITELLM)/.ready: | $(READY)
	@rm -rf $(LITELLM) && $(BIN)/python -m venv $(LITELLM)
	@$(LITELLM)/bin/python $(PIP_INSTALL) "litellm[proxy]==1.108.7" .
	@touch $@

test-litellm: models $(LITELLM)/.ready ## run the tests of LiteLLM's proxy and client, in an environment of its own (900 MB)
	@CTXPIPE_TEST_LITELLM=$(abspath $(LITELLM)) $(BIN)/python -m pytest tests/litellm $(ARGS)

bench: models ## time ten million tokens; with the data sets in DATA, count the answers that survive
	@$(BIN)/python benchmarks/scale.py
	@if [ -d $(DATA) ]; then $(BIN)/python benchmarks/survival.py $(DATA); else echo "No data sets in $(DATA)"; fi

lint: $(READY) ## check style, types, imports and the files of the container
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/hadolint docker/Dockerfile
	@$(BIN)/compose-lint check -q --skip-suppressed --config docker/compose-lint.yml --fail-on low docker/compose.yaml

# The site's tools stand in an environment of their own: they need nothing of the package, which is read and not imported.
DOCS := build/docs
DOCS_READY := $(DOCS)/.ready

$(DOCS_READY): pyproject.toml constraints.txt
	@rm -rf $(DOCS) && $(PYTHON) -m venv $(DOCS)
	@$(DOCS)/bin/python $(PIP_INSTALL) -c constraints.txt $$($(PYTHON) -c \
		'import tomllib; print(*tomllib.load(open("pyproject.toml", "rb"))["project"]["optional-dependencies"]["docs"])')
	@touch $@

docs: $(DOCS_READY) ## build the site of docs/ into build/site; a broken link fails it
	@NO_COLOR=1 $(DOCS)/bin/zensical build --clean --strict
	@echo "build/site/index.html, or with search: $(PYTHON) -m http.server --directory build/site"

floors: $(READY) ## print the floors of every folder, and import circles, of which there must be none
	@$(BIN)/python scripts/floors.py

format: $(READY) ## mend what can be mended by itself
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

pin: ## write constraints.txt anew from what pyproject.toml allows
	@rm -rf build/pin && $(PYTHON) -m venv build/pin
	@build/pin/bin/python $(PIP_INSTALL) $(TORCH)
	@build/pin/bin/python $(PIP_INSTALL) -e '.[dev,docs]'
	@sed '/^#/!d' constraints.txt > build/constraints.txt
	@build/pin/bin/python -m pip freeze --all --exclude-editable --exclude pip --exclude wheel \
		| sed -E -e 's/\+[a-z0-9.]+$$//' -e '/^(cuda|nvidia|triton)/d' >> build/constraints.txt
	@mv build/constraints.txt constraints.txt && rm -rf build/pin

clean: ## remove what was built, cached or made by the demo
	@rm -rf build dist *.egg-info demo-output .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	@find . -name __pycache__ -not -path './$(VENV)/*' -prune -exec rm -rf {} +

distclean: clean ## remove the environments too
	@rm -rf $(VENV) $(LANGCHAIN) $(LITELLM)
