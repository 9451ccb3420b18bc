# The two commands are `make run` and `make test`; both set everything up first.
PYTHON ?= python3
SET_UP = @$(PYTHON) -I -S packaging/set_up.py

.DEFAULT_GOAL := help
.PHONY: run test bench clean help

run: ## open the studio (without a display: sprites, scores and a sheet in ./out)
	$(SET_UP) run
	@.venv/bin/python packaging/run.py

test: ## format, lint, types, import contracts and tests; ARGS=tests/core for some
	$(SET_UP) test
	@.venv/bin/python packaging/check.py $(ARGS)

bench: ## the benchmark suite, as ratios against a plain baseline
	$(SET_UP) run
	@.venv/bin/lunar-studio bench

clean: ## remove what can be made again, but for .venv
	rm -rf build dist out .hypothesis .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .coverage*
	find . -name __pycache__ -not -path './.venv/*' -prune -exec rm -rf {} +

help: ## this list
	@sed -n 's/^\([a-z]*\): ## /  make \1\t/p' Makefile | expand -t 16
