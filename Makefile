# `make help` lists the targets. Needs python3 (3.11 or later, with venv) and make, nothing else.
PYTHON ?= python3
VENV := .venv
RUN := $(VENV)/bin/python
PIP := $(RUN) -m pip install --disable-pip-version-check --require-hashes
PROGRESS := $(PYTHON) -m hub.progress
# Only npm brings Biome. Where there is no npm, its test is skipped, and says so.
BIOME := 2.6.8
TOOLS := $(VENV)/dev $(if $(shell command -v npm 2>/dev/null),$(VENV)/biome/$(BIOME))

.DEFAULT_GOAL := help
.PHONY: help demo test check races fuzz benchmark picture messages lock clean

help:
	@echo "To see it"
	@echo "  make demo       run the example provider on http://127.0.0.1:8000 (HUB_BIND=host:port)"
	@echo ""
	@echo "To change it"
	@echo "  make test       the whole suite; names what this machine could not run"
	@echo "  make check      only format, lint, types and architecture (a minute)"
	@echo "  make races      the races on PostgreSQL, RACE_ROUNDS times each (default 1000)"
	@echo "  make fuzz       random sequences of acts, EXAMPLES times (default 500)"
	@echo "  make benchmark  the figures in README: checks per second, long lists, an audience"
	@echo "  make picture    take README's picture from the demo"
	@echo "  make messages   collect and compile the French texts (needs gettext)"
	@echo "  make lock       resolve both lock files again from pyproject.toml"
	@echo "  make clean      remove .venv, caches and the kept test databases, but not var/ and .env"

demo: $(VENV)/runtime .env
	@$(RUN) manage.py demo

test: $(TOOLS)
	@$(RUN) -m tests

check: $(TOOLS)
	@$(RUN) -m pytest tests/test_architecture.py

races: export RACE_ROUNDS ?= 1000
races: $(VENV)/dev
	@$(RUN) -m tests races -o faulthandler_timeout=0

fuzz: export EXAMPLES ?= 500
fuzz: export STEPS ?= 50
fuzz: $(VENV)/dev
	@$(RUN) -m pytest -o faulthandler_timeout=0 tests/portals/test_state_machine.py

benchmark: $(VENV)/dev
	@$(RUN) -m benchmarks.check
	@$(RUN) -m benchmarks.people
	@$(RUN) -m benchmarks.audience
	@$(RUN) -m benchmarks.sending
	@$(RUN) -m benchmarks.uses

picture: $(VENV)/dev
	@$(RUN) -m tests.picture

messages: export HUB_ENV ?= test
messages: $(VENV)/dev
	$(RUN) manage.py makemessages --locale fr --no-location --no-obsolete --ignore .venv --ignore var
	$(RUN) manage.py compilemessages --locale fr --ignore .venv

lock: $(VENV)/dev
	$(RUN) -m pip install --quiet uv
	$(RUN) -m uv pip compile $(LOCK_OPTIONS) --output-file requirements.lock pyproject.toml
	$(RUN) -m uv pip compile $(LOCK_OPTIONS) --group dev --output-file requirements-dev.lock pyproject.toml
LOCK_OPTIONS := --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
	--no-emit-index-url --no-emit-find-links

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .hypothesis .import_linter_cache .test-databases
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(VENV)/bin/pip:
	@$(PYTHON) -c 'import sys; sys.exit(None if sys.version_info >= (3, 11) else "Python 3.11 or later is needed; %s is %s." % (sys.executable, sys.version.split()[0]))'
	@$(PROGRESS) "Making $(VENV)" -- $(PYTHON) -m venv $(VENV)

# Each file records that its lock file was installed.
$(VENV)/runtime: requirements.lock | $(VENV)/bin/pip
	@$(PROGRESS) "Installing the locked packages" -- $(PIP) -r requirements.lock
	@touch $@

$(VENV)/dev: requirements-dev.lock | $(VENV)/bin/pip
	@$(PROGRESS) "Installing the locked packages and the test tools" -- $(PIP) -r requirements-dev.lock
	@touch $@

$(VENV)/biome/$(BIOME): | $(VENV)/bin/pip
	@$(PROGRESS) "Installing Biome" -- npm install --prefix $(@D) --no-save --no-package-lock --no-audit --no-fund @biomejs/biome@$(BIOME)
	@touch $@

.env: | $(VENV)/runtime
	@$(RUN) -m hub.demo.environment .env
	@echo "Wrote .env with random keys."
