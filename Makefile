# make demo | test | faults | bench | check | lock | clean. Needs make and Python 3.11; everything else comes from the lock files.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help
.PHONY: help demo test faults bench check lock clean browser gateway compiler

VENV := .venv
PY := $(VENV)/bin/python
STAMPS := $(VENV)/.stamps
# Every command of ours is a process: without compiled files each takes more than twice as long to start.
unexport PYTHONDONTWRITEBYTECODE
# A virtual environment of another machine or Python is made anew.
PYTHON := $(shell for p in python3.11 python3 python; do command -v $$p >/dev/null 2>&1 && \
	$$p -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' 2>/dev/null && { command -v $$p; break; }; done)
SOURCES := src tests tools bench

help:
	@echo 'make demo [CHECK=1]  look at it: http://127.0.0.1:8000'
	@echo 'make test            linters, types, import contracts and the whole suite'
	@echo 'make check           linters, types and import contracts only'
	@echo 'make faults          kills, full disks and rot at full counts'
	@echo 'make bench           the benchmarks, each printing one JSON object'
	@echo 'make lock            pin the requirements anew (needs uv)'
	@echo 'make clean           take away what was made'

$(STAMPS)/venv:
	@test -n '$(PYTHON)' || { echo 'Python 3.11 is needed (Debian 12: apt-get install python3.11 python3.11-venv)'; exit 1; }
	@if command -v uv >/dev/null 2>&1; then uv venv --quiet --allow-existing --python '$(PYTHON)' $(VENV); \
	else '$(PYTHON)' -m venv $(VENV) || { echo 'venv is needed (Debian: apt-get install python3.11-venv)'; exit 1; }; fi
	@mkdir -p $(STAMPS) && touch $@

# install FILE: exactly what the lock file says, hashes checked; then the package itself by a path file and a command.
define install
	@echo 'installing $(1)'
	@if command -v uv >/dev/null 2>&1; then \
		uv pip install --quiet --compile-bytecode --python $(PY) --require-hashes --no-deps -r $(1); \
	else \
		$(PY) -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r $(1); fi
	@$(PY) -c 'import pathlib, sysconfig; \
		site = pathlib.Path(sysconfig.get_path("purelib")); \
		site.joinpath("cunzhen.pth").write_text(str(pathlib.Path("src").resolve()) + "\n"); \
		command = pathlib.Path(sysconfig.get_path("scripts"), "cunzhen"); \
		python = pathlib.Path("$(PY)").absolute(); \
		command.write_text(f"#!/bin/sh\nexec \"{python}\" -m cunzhen.cli.main \"$$@\"\n"); \
		command.chmod(0o755)'
endef

$(STAMPS)/product: requirements/product.txt $(STAMPS)/venv
	$(call install,requirements/product.txt)
	@touch $@

# The tests' lock file holds the product's as well.
$(STAMPS)/test: requirements/test.txt $(STAMPS)/venv
	$(call install,requirements/test.txt)
	@touch $@ $(STAMPS)/product

demo: $(STAMPS)/product
	@$(PY) -m cunzhen.cli.main demo $(if $(filter 1 yes true,$(CHECK)),--check && $(PY) -m tools.check_search)

check: $(STAMPS)/test
	$(VENV)/bin/ruff check $(SOURCES)
	$(VENV)/bin/ruff format --check $(SOURCES)
	$(PY) -m mypy
	$(VENV)/bin/lint-imports --no-cache

test: check browser compiler
	$(PY) -m pytest -n 2 --dist loadfile $(TESTS)

faults: $(STAMPS)/test compiler gateway
	CUNZHEN_FAULTS=full $(PY) -m pytest -n 2 --dist loadfile -m faults --timeout 3600 tests

bench: $(STAMPS)/test
	@$(PY) bench/all.py $(NAMES)

browser:
	@if ! command -v chromium >/dev/null 2>&1 || ! fc-list 2>/dev/null | grep -qi 'noto.*cjk'; then \
		if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then \
			echo 'installing Chromium and Chinese fonts'; \
			apt-get update -qq; \
			DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
				chromium fontconfig fonts-noto-cjk >/dev/null; \
		else \
			echo 'The browser tests need Chromium and Chinese fonts: apt-get install chromium fontconfig fonts-noto-cjk'; exit 1; \
		fi; \
	fi

# F4 and F5 put a small library of their own between the program and the disk.
compiler:
	@if ! echo 'int main(void) { return 0; }' | cc -x c -o /dev/null - -include stdio.h >/dev/null 2>&1; then \
		if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then \
			echo 'installing a C compiler'; \
			apt-get update -qq; \
			DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends gcc libc6-dev >/dev/null; \
		else \
			echo 'The tests of failing disks need a C compiler: apt-get install gcc libc6-dev'; exit 1; \
		fi; \
	fi

# F14 needs an S3 service with object lock; without it those tests say so and are skipped.
gateway:
	@if ! command -v radosgw >/dev/null 2>&1 || ! command -v ceph-osd >/dev/null 2>&1; then \
		if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then \
			echo 'installing the Ceph gateway'; \
			apt-get update -qq; \
			DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
				radosgw ceph-mon ceph-osd ceph-common >/dev/null; \
		else \
			echo 'Without radosgw, ceph-mon, ceph-osd and ceph-common the tests of object lock are skipped'; \
		fi; \
	fi

lock:
	@for name in product test; do \
		uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
			--no-emit-index-url requirements/$$name.in -o requirements/$$name.txt; done

clean:
	rm -rf $(VENV) var build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
