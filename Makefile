# The commands of this project; `make` alone lists them. All that is installed or made goes into .venv, where stamps
# (.venv/.*-done) remember which list or lock was followed: the second time there is nothing to do, and no network needed.

SHELL := bash
.DEFAULT_GOAL := help
.NOTPARALLEL:
MAKEFLAGS += --no-print-directory

BIN := .venv/bin
AUDIT := .venv/audit/bin
PACKAGE := .venv/package/bin
PIP := $(BIN)/python -m pip --quiet --disable-pip-version-check --no-input install
PIP_LOCKED := $(PIP) --require-hashes --only-binary :all: --requirement
APT := bash packaging/linux/apt.sh
UV_COMPILE := $(BIN)/uv --quiet pip compile --python-version 3.11 --generate-hashes --no-emit-index-url --no-header \
	$(if $(UPGRADE),--upgrade)
EVERYWHERE := --universal
ON_WINDOWS := --python-platform x86_64-pc-windows-msvc

export PYTHON

.PHONY: help
help: ## List these targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-9s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

.PHONY: setup
setup: .venv/.project-done ## Install what running needs: system packages (Debian, Ubuntu) and .venv, with palma-wizard and palma-check
	$(if $(filter setup,$(MAKECMDGOALS)),@echo "Ready: $(BIN)/palma-wizard and $(BIN)/palma-check",@:)

.PHONY: run
run: setup ## Open the wizard; where there is no screen, do the whole set-up in the terminal, on the practice exchange
	@if [ "$$(uname)" = Linux ] && [ -z "$$DISPLAY$$WAYLAND_DISPLAY" ]; then \
		echo "There is no screen here, so the set-up runs in the terminal, on the practice exchange." && \
		$(BIN)/palma-check --practice --save </dev/null && $(BIN)/palma-check --practice --forget; \
	else $(BIN)/palma-wizard; fi

.PHONY: test
test: setup .venv/.apt-test-done .venv/.lock-test-done .venv/.ccxt-done ## Install what the tests need beyond that, and run them (ARGS="-k name" for some)
	@$(BIN)/python -m pytest $(ARGS)

.PHONY: fuzz
fuzz: setup .venv/.apt-test-done .venv/.lock-test-done ## Try 10,000 replies, 5,000 inputs to the form and 2,000 operations on a keyring
	@PALMA_EXAMPLES=10000 PALMA_FORM_INPUTS=5000 PALMA_OPERATIONS=2000 $(BIN)/python -m pytest \
		tests/ui/test_data_fuzz.py tests/test_vault_random.py tests/test_fuzz.py $(ARGS)

.PHONY: check
check: setup .venv/.lock-test-done ## Check style, types and who imports whom
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check
	@$(BIN)/mypy
	@$(BIN)/lint-imports

AUDITED := requirements.lock tests/requirements.lock packaging/package.lock $(wildcard packaging/windows/*.lock)
.PHONY: audit
audit: setup .venv/.lock-audit-done ## Write a list of parts (SBOM), search code, workflows and pinned packages for weaknesses
	@mkdir -p .audit
	@$(BIN)/python packaging/sbom.py .audit/sbom.cdx.json source=requirements.lock
	@$(AUDIT)/bandit --quiet --configfile pyproject.toml --recursive palma_wizard packaging
	@$(AUDIT)/zizmor --quiet --offline --no-progress .github/workflows
	@# Without their markers, so that what only another system needs is looked up too.
	@failed=0; for lock in $(AUDITED); do \
		sed 's/ ;.*\\$$/ \\/' $$lock >.audit/pinned.txt; \
		if $(AUDIT)/pip-audit --strict --require-hashes --disable-pip --progress-spinner off --requirement .audit/pinned.txt \
			$(ARGS) >.audit/found.txt 2>.audit/pip-audit.log; then echo "$$lock: $$(cat .audit/pip-audit.log)"; continue; \
		elif [ -s .audit/found.txt ]; then cat .audit/pip-audit.log .audit/found.txt; \
		else tail -n 1 .audit/pip-audit.log; \
			echo "$$lock: its packages were NOT checked for known vulnerabilities: pip-audit did not get an answer about" \
				"every one." >&2; fi; \
		failed=1; \
	done; exit $$failed

.PHONY: gallery
gallery: setup .venv/.apt-test-done .venv/.lock-test-done ## Write a screenshot of every page in every look (ARGS="dark ar" for some)
	@$(BIN)/python -m tests.gallery $(ARGS)

.PHONY: bench
bench: setup .venv/.apt-test-done .venv/.lock-test-done .venv/.ccxt-done build/.bench-done ## Measure speed, memory and size, each beside what it is compared with
	@$(BIN)/python -m tests.bench

.PHONY: pictures
pictures: setup .venv/.apt-test-done .venv/.lock-test-done ## Take the steps' pictures from the practice site, with Chromium
	@$(BIN)/python -m tests.pictures

.PHONY: packages
packages: packages-linux packages-windows .venv/.lock-audit-done ## Build the packages into dist, test them, list their parts and sum them up
	@bash packaging/finish.sh
	@$(BIN)/python -m pytest tests/packages/test_release.py tests/packages/test_macos.py $(ARGS)

.PHONY: packages-linux
packages-linux: setup .venv/.apt-test-done .venv/.lock-test-done .venv/.lock-package-done
	@bash packaging/linux/build.sh
	@$(BIN)/python -m pytest tests/packages/test_linux.py $(ARGS)

.PHONY: packages-windows
packages-windows: setup .venv/.apt-test-done .venv/.lock-test-done .venv/.lock-package-done .venv/.apt-windows-done
	@bash packaging/windows/build.sh
	@$(BIN)/python -m pytest tests/packages/test_windows.py $(ARGS)

.PHONY: packages-macos
packages-macos: setup .venv/.lock-test-done .venv/.lock-package-done
	@bash packaging/macos/build.sh
	@$(BIN)/python -m pytest tests/packages/test_macos.py $(ARGS)

.PHONY: lock
lock: .venv/pyvenv.cfg ## Pin what pyproject.toml asks for (UPGRADE=1 takes the newest)
	@test -x $(BIN)/uv || $(PIP) uv==0.13.9
	@$(UV_COMPILE) $(EVERYWHERE) pyproject.toml --group build --output-file requirements.lock
	@$(UV_COMPILE) $(EVERYWHERE) --group dev --constraint requirements.lock --output-file tests/requirements.lock
	@$(UV_COMPILE) $(EVERYWHERE) --group audit --constraint requirements.lock --constraint tests/requirements.lock \
		--output-file tests/audit.lock
	@$(UV_COMPILE) $(EVERYWHERE) --group package --constraint requirements.lock --output-file packaging/package.lock
	@$(UV_COMPILE) $(ON_WINDOWS) pyproject.toml --constraint requirements.lock --output-file packaging/windows/wheels.lock
	@$(UV_COMPILE) $(ON_WINDOWS) --group windows --output-file packaging/windows/python.lock

.PHONY: clean
clean: ## Remove all that was made here, .venv too
	@rm -rf .venv .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis .audit .gallery build dist
	@find . -name __pycache__ -prune -exec rm -rf {} +

.venv/.apt-run-done: packaging/linux/apt-run.txt packaging/linux/apt-python.txt packaging/linux/apt.sh
	@$(APT) $< $$(bash packaging/linux/python.sh >/dev/null 2>&1 || echo packaging/linux/apt-python.txt)
	@mkdir -p .venv
	@touch $@

.venv/.apt-test-done: packaging/linux/apt-test.txt packaging/linux/apt.sh | .venv/pyvenv.cfg
	@$(APT) $<
	@touch $@

.venv/.apt-windows-done: packaging/windows/apt-package.txt packaging/linux/apt.sh | .venv/pyvenv.cfg
	@$(APT) $<
	@touch $@

# A .venv that was moved, or whose Python is gone, is made anew.
MOVED := $(shell [ ! -e .venv/pyvenv.cfg ] || { [ -x $(BIN)/python ] && grep -qF '$(CURDIR)/.venv' $(BIN)/activate; } || echo FORCE)
.PHONY: FORCE

.venv/pyvenv.cfg: $(MOVED) | .venv/.apt-run-done
	@python=$$(bash packaging/linux/python.sh) && "$$python" -m venv $(if $(MOVED),--clear) .venv

.venv/.lock-run-done: requirements.lock .venv/pyvenv.cfg
	@echo "Installing the pinned Python packages (about 100 MB, once)..."
	@$(PIP_LOCKED) $<
	@touch $@

.venv/.lock-test-done: tests/requirements.lock .venv/.lock-run-done
	@echo "Installing the pinned Python packages for tests..."
	@$(PIP_LOCKED) $<
	@touch $@

# An environment of their own: the audit's tools bring much that neither the program nor its tests may come to lean on.
.venv/.lock-audit-done: tests/audit.lock .venv/pyvenv.cfg
	@echo "Installing the pinned Python packages for the audit..."
	@$(BIN)/python -m venv --clear .venv/audit
	@$(subst $(BIN),$(AUDIT),$(PIP_LOCKED)) $<
	@touch $@

# And of its own for packages: what is in it may end up in them.
.venv/.lock-package-done: requirements.lock packaging/package.lock packaging/linux/apt-package.txt .venv/pyvenv.cfg
	@$(APT) packaging/linux/apt-package.txt
	@echo "Installing the pinned Python packages for packages..."
	@$(BIN)/python -m venv --clear .venv/package
	@$(subst $(BIN),$(PACKAGE),$(PIP_LOCKED)) requirements.lock
	@$(subst $(BIN),$(PACKAGE),$(PIP_LOCKED)) packaging/package.lock
	@touch $@

# ccxt is a client to compare with. Two versions of it fit no one environment; what they need besides is in it already.
.venv/.ccxt-done: tests/ccxt-new.lock tests/ccxt-old.lock | .venv/.lock-test-done
	@echo "Installing ccxt for tests, two versions of it..."
	@rm -rf .venv/ccxt-*
	@$(PIP_LOCKED) tests/ccxt-new.lock --no-deps --target .venv/ccxt-4.5.90
	@$(PIP_LOCKED) tests/ccxt-old.lock --no-deps --target .venv/ccxt-1.50.1
	@touch $@

# What `make bench` compares the installed program with.
PACKAGED := $(shell git ls-files palma_wizard resources packaging 2>/dev/null)
build/.bench-done: $(PACKAGED) tests/frozen.py tests/timed.py requirements.lock | .venv/.project-done .venv/.lock-package-done
	@$(BIN)/python -m tests.frozen
	@touch $@

.venv/.project-done: pyproject.toml .venv/.lock-run-done
	@$(PIP) --no-deps --no-build-isolation --editable .
	@touch $@
