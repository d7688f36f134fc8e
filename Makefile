# The Self-Guidance Book. `make help` lists what there is to do.

PYTHON ?= python3
PORT ?= 8000

VENV := .venv
BIN := $(VENV)/bin
UV := $(BIN)/uv
PAGE := _build/html/index.html
# What the site is made of: when any of it is newer than the built site, the site is built again.
SOURCES := $(shell find book data/explorables data/networks data/results sgutils -type f -not -path '*/__pycache__/*' -not -path '*/.ipynb_checkpoints/*') \
	_config.yml _toc.yml pyproject.toml

export PIP_DISABLE_PIP_VERSION_CHECK := 1
export UV_PROJECT_ENVIRONMENT := $(VENV)
export VIRTUAL_ENV := $(CURDIR)/$(VENV)
# Some machines forbid Python to keep what it compiled: every kernel and process would spend seconds on compiling torch again.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help book serve print lint check test versions bench notebooks pictures stamp lock clean browser

help:  ## this list
	@grep -hE '^[a-z]+:.*  ## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*  ## (.*)/  make \1|\2/' | column -t -s '|' 2>/dev/null \
		|| grep -hE '^[a-z]+:.*  ## ' $(MAKEFILE_LIST)

book: $(PAGE)  ## build the book into _build/html
	@echo
	@echo "The book is built. To read it:"
	@echo "  open $(CURDIR)/$(PAGE) (a double-click will do),"
	@echo "  or run 'make serve' and open the address that it prints."

serve: $(PAGE)  ## build the book if need be, and serve it on 127.0.0.1
	@$(BIN)/python book/_tools/serve.py _build/html $(PORT)

print: $(VENV)/.print browser $(PAGE)  ## print the whole book into _build/print, as one PDF and one EPUB
	@$(BIN)/python -m book._tools.print

# Two files at a time, with one thread each: several threads of several trainings would wait for one another's cores.
# In the order of their names: fewest tests last, as is usual, a long notebook would be left to the end and hold one core idle.
test: $(VENV)/.all browser $(PAGE)  ## run every test: package, chapters (strict nbval), built site in a browser, JupyterLab
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest --numprocesses 2 --dist loadfile --no-loadscope-reorder --nbval tests book

lint: $(VENV)/.all  ## look at style and types
	@$(BIN)/ruff check --quiet
	@$(BIN)/ruff format --check --quiet || { echo "Some files are not formatted: run $(BIN)/ruff format."; exit 1; }
	@$(BIN)/mypy
	@if command -v npm > /dev/null; then tests/js/biome; else echo "The JavaScript was not looked at: that needs Node.js."; fi

check: lint  ## the same, and the quick tests: before every commit
	$(BIN)/python -m pytest -q --numprocesses 2 -m 'not slow' tests/unit tests/package/test_imports.py tests/package/test_one_place.py

versions: $(UV)  ## run chapters and quick tests at the lowest versions, at Colab's and at the newest; ONLY=colab for one
	$(BIN)/python tests/support/versions.py $(ONLY)

notebooks: $(VENV)/.all  ## run the chapters again and store them in their normal form; ONLY=book/x.ipynb for one
	$(BIN)/python -m book._tools.notebooks $(ONLY)

bench: $(VENV)/.all browser $(PAGE)  ## measure speed, storage and page weight into data/benchmarks (on a quiet machine)
	$(BIN)/python -m benchmarks.steps
	$(BIN)/python -m benchmarks.step_variants
	$(BIN)/python -m benchmarks.gated
	$(BIN)/python -m benchmarks.per_image
	$(BIN)/python -m benchmarks.epochs
	$(BIN)/python -m benchmarks.concurrent_runs
	$(BIN)/python -m benchmarks.chapters
	$(BIN)/python -m benchmarks.explorables
	$(BIN)/python -m benchmarks.page_training
	$(BIN)/python -m benchmarks.tsne

pictures: $(VENV)/.all browser $(PAGE)  ## take the pictures of the explorables for readers without scripts; ONLY=name for one
	$(BIN)/python -m book._tools.pictures $(ONLY)

stamp: $(VENV)/.all  ## write the repository's address (pyproject.toml) into the chapters, without running them
	$(BIN)/python -m book._tools.notebooks --stamp

# With the hash of every file: whatever is installed is what was locked, or nothing.
lock: $(UV)  ## choose the newest versions that pyproject.toml allows, into requirements.txt
	$(UV) pip compile pyproject.toml --all-extras --group test --universal --python-version 3.11 \
		--no-annotate --no-emit-index-url --no-emit-find-links --generate-hashes --upgrade --quiet \
		--custom-compile-command 'make lock' --output-file requirements.txt

clean:  ## remove what was built or installed
	rm -rf _build $(VENV) .pytest_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# A full build each time: a warning that belongs to an unchanged page would not come up again in a partial one.
$(PAGE): $(VENV)/.site $(SOURCES)
	@rm -rf _build
	@log=$$(mktemp); $(BIN)/jupyter-book build --warningiserror --keep-going . > "$$log" 2>&1 \
		|| { cat "$$log"; rm -rf _build "$$log"; echo "The book was not built: the messages above say why."; exit 1; }; rm -f "$$log"
	@touch $@

$(UV): requirements.txt
	@command -v $(PYTHON) > /dev/null || { echo "'$(PYTHON)' was not found: install Python 3.11 or newer, or run make PYTHON=/path/to/python3."; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "$$($(PYTHON) --version) is too old: install Python 3.11 or newer and run make PYTHON=python3.11 (or the like)."; exit 1; }
	@$(PYTHON) -m venv $(VENV) > /dev/null 2>&1 || { rm -rf $(VENV); \
		echo "$(PYTHON) cannot make virtual environments: install its venv module (on Debian or Ubuntu: apt install python3-venv)."; exit 1; }
	@sed -n '/^uv==/,/[^\\]$$/p' requirements.txt > $(VENV)/uv.txt
	@$(BIN)/python -m pip install --quiet --requirement $(VENV)/uv.txt
	@touch $@

# Building from the committed outputs needs no torch.
$(VENV)/.site: $(UV) pyproject.toml
	@echo "Installing what the site needs into $(VENV) ..."
	@$(UV) pip install --quiet --group site --constraint requirements.txt
	@touch $@

$(VENV)/.print: $(VENV)/.site
	@$(UV) pip install --quiet --group print --constraint requirements.txt
	@touch $@

# With torch, the notebooks and the tests, and sgutils itself in place.
$(VENV)/.all: $(VENV)/.site
	@echo "Installing torch, Jupyter and the test tools into $(VENV) (a few minutes the first time) ..."
	@$(UV) pip install --quiet --requirement requirements.txt
	@$(UV) pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

browser: $(VENV)/.site
	@$(BIN)/python tests/support/browser.py
