# make demo: see the whole journey. make test: all tests. Both set themselves up in .venv.
PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready

# Built environments of the demo and the tests stay in the project, too.
export MLOPS_CI_CACHE_DIR ?= $(CURDIR)/.cache

.PHONY: demo test lint generate lock vsix azure-schema golden picture clean help
.DEFAULT_GOAL := help

help:
	@grep -E '^[a-z-]+: .*## ' Makefile | sed 's/:.*## /	/'

$(READY): pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed: make PYTHON=python3.12 ..."; exit 2; }
	@echo "Setting up .venv (once)"
	@$(PYTHON) -m venv .venv || { echo "on Debian: apt install python3-venv"; exit 2; }
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check 'uv>=0.5,<1'
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --editable '.[all]' --group dev
	@touch $@

demo: $(READY) ## watch five commits go through the whole journey
	@$(BIN)/mlops-ci demo

test: $(READY) ## run all tests
	$(BIN)/python -m pytest -n auto --dist loadgroup

lint: $(READY) ## check style, types and the rules of the house
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo

generate: $(READY) ## write actions, tasks and their reference anew
	$(BIN)/python -m mlops_ci.faces

lock: $(READY) ## resolve anew what the actions and tasks install
	$(BIN)/python -m mlops_ci.faces.lock

vsix: $(READY) ## pack the extension for Azure Pipelines (needs node and npm)
	$(BIN)/python pipelines/pack.py

azure-schema: $(READY) ## write build/azure-pipelines.schema.json, with which editors know our tasks
	$(BIN)/python pipelines/schema.py \
		"$$($(BIN)/python -c 'import check_jsonschema as c, pathlib; print(pathlib.Path(c.__file__).parent)')/builtin_schemas/vendor/azure-pipelines.json" \
		build/azure-pipelines.schema.json

golden: $(READY) ## write the golden files anew; review the diff
	$(BIN)/python -m pytest -n auto --renew-golden

clean: ## remove everything that make has made
	rm -rf .venv .cache build dist pipelines/node_modules .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis

picture: $(READY) ## take the pictures of reports anew (needs chromium)
	rm -rf .cache/picture && mkdir -p .cache/picture
	$(BIN)/mlops-ci demo --folder .cache/picture/flight-delay > /dev/null
	$(BIN)/mlops-ci report --project .cache/picture/flight-delay --format markdown > .cache/picture/report.md
	$(BIN)/python docs/images/render.py .cache/picture/report.md docs/images/report.png
	$(BIN)/mlops-ci report --project .cache/picture/flight-delay --format html --output .cache/picture/report.html
	$(BIN)/python docs/images/render.py .cache/picture/report.html docs/images/page.png
