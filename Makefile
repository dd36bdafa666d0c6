# `make help` lists the targets. Needs python3 (3.11 or later, with venv) and make, nothing else.
PYTHON ?= python3
VENV := .venv
RUN := $(VENV)/bin/python
PIP := $(RUN) -m pip install --disable-pip-version-check --require-hashes
PROGRESS := $(PYTHON) -m hub.progress
# Only npm brings Biome, html-validate and openid-client. Where there is no npm, their tests are skipped, and say so.
BIOME := 2.6.8
HTML_VALIDATE := 9.7.1
KEYCLOAK := 26.0.0
OPENID_CLIENT := tests/clients/openid_client
NPM := $(VENV)/biome/$(BIOME) $(VENV)/html-validate/$(HTML_VALIDATE) $(VENV)/openid-client/installed
TOOLS := $(VENV)/dev $(if $(shell command -v npm 2>/dev/null),$(NPM))

.DEFAULT_GOAL := help
.PHONY: help demo real-portals test check races fuzz keycloak traefik mutants benchmark picture messages lock clean

help:
	@echo "To see it"
	@echo "  make demo       run the example provider on http://localhost:8000 (HUB_BIND=host:port)"
	@echo "  make real-portals  Roundcube, Request Tracker, AWStats and PowerDNS behind it; root on Debian 12 (CHECK=--check)"
	@echo ""
	@echo "To change it"
	@echo "  make test       the whole suite; names what this machine could not run"
	@echo "  make check      only format, lint, types and architecture (a minute)"
	@echo "  make races      the races on PostgreSQL, RACE_ROUNDS times each (default 1000)"
	@echo "  make fuzz       random worlds and sequences of acts, EXAMPLES times (default 500)"
	@echo "  make keycloak   a company's own sign-in at a real Keycloak (Java 17, Maven)"
	@echo "  make traefik    a portal behind the traefik on your PATH, 3.4 or later"
	@echo "  make mutants    small faults put into the rules, that tests must notice (MUTANTS=accounts/permissions.py)"
	@echo "  make benchmark  the figures in README: checks per second, long lists, an audience"
	@echo "  make picture    take README's picture from the demo"
	@echo "  make messages   collect and compile the French texts (needs gettext)"
	@echo "  make lock       resolve the lock files again from pyproject.toml"
	@echo "  make clean      remove .venv, caches and the kept test databases, but not var/ and .env"

demo: $(VENV)/demo .env
	@$(RUN) manage.py demo

real-portals: $(VENV)/dev
	@$(RUN) examples/real-portals $(CHECK)

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
	@$(RUN) -m pytest -o faulthandler_timeout=0 tests/portals/test_state_machine.py tests/portals/test_decision.py

keycloak: export KEYCLOAK_HOME = $(CURDIR)/var/keycloak/keycloak-$(KEYCLOAK)
keycloak: $(VENV)/dev
	@mvn -q dependency:copy -Dartifact=org.keycloak:keycloak-quarkus-dist:$(KEYCLOAK):zip -DoutputDirectory=var/keycloak
	@cd var/keycloak && unzip -qo keycloak-quarkus-dist-$(KEYCLOAK).zip
	@$(RUN) -m pytest -o faulthandler_timeout=0 tests/accounts/keycloak.py

traefik: $(VENV)/dev
	@$(RUN) -m pytest -o faulthandler_timeout=0 tests/oidc/traefik.py

mutants: $(VENV)/dev
	@nice $(RUN) -m tests.mutants $(MUTANTS)

benchmark: $(VENV)/dev
	@$(RUN) -m benchmarks.check
	@$(RUN) -m benchmarks.people
	@$(RUN) -m benchmarks.pages
	@$(RUN) -m benchmarks.audience
	@$(RUN) -m benchmarks.breach_notice
	@$(RUN) -m benchmarks.policy_gate
	@$(RUN) -m benchmarks.export
	@$(RUN) -m benchmarks.sending
	@$(RUN) -m benchmarks.uses
	@$(RUN) -m benchmarks.sign_in

picture: $(VENV)/dev
	@$(RUN) -m tests.picture

messages: export HUB_ENV ?= test
messages: $(VENV)/dev
	$(RUN) manage.py makemessages --locale fr --no-location --no-obsolete --ignore .venv --ignore var
	$(RUN) manage.py compilemessages --locale fr --ignore .venv

lock: $(VENV)/dev
	$(RUN) -m pip install --quiet uv
	$(RUN) -m uv pip compile $(LOCK_OPTIONS) --output-file requirements.lock pyproject.toml
	$(RUN) -m uv pip compile $(LOCK_OPTIONS) --group stripe --output-file requirements-stripe.lock pyproject.toml
	$(RUN) -m uv pip compile $(LOCK_OPTIONS) --group demo --output-file requirements-demo.lock pyproject.toml
	$(RUN) -m uv pip compile $(LOCK_OPTIONS) --group demo --group stripe --group dev --output-file requirements-dev.lock pyproject.toml
LOCK_OPTIONS := --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
	--no-emit-index-url --no-emit-find-links

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .hypothesis .import_linter_cache .test-databases
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(VENV)/bin/pip:
	@$(PYTHON) -c 'import sys; sys.exit(None if sys.version_info >= (3, 11) else "Python 3.11 or later is needed; %s is %s." % (sys.executable, sys.version.split()[0]))'
	@$(PROGRESS) "Making $(VENV)" -- $(PYTHON) -m venv $(VENV)

# Each file records that its lock file was installed.
$(VENV)/demo: requirements-demo.lock | $(VENV)/bin/pip
	@$(PROGRESS) "Installing the locked packages" -- $(PIP) -r requirements-demo.lock
	@touch $@

$(VENV)/dev: requirements-dev.lock | $(VENV)/bin/pip
	@$(PROGRESS) "Installing the locked packages and the test tools" -- $(PIP) -r requirements-dev.lock
	@touch $@

$(VENV)/biome/$(BIOME): | $(VENV)/bin/pip
	@$(PROGRESS) "Installing Biome" -- npm install --prefix $(@D) --no-save --no-package-lock --no-audit --no-fund @biomejs/biome@$(BIOME)
	@touch $@

$(VENV)/html-validate/$(HTML_VALIDATE): | $(VENV)/bin/pip
	@$(PROGRESS) "Installing html-validate" -- npm install --prefix $(@D) --no-save --no-package-lock --no-audit --no-fund html-validate@$(HTML_VALIDATE)
	@touch $@

$(VENV)/openid-client/installed: $(OPENID_CLIENT)/package-lock.json | $(VENV)/bin/pip
	@mkdir -p $(@D)
	@cp $(OPENID_CLIENT)/package.json $(OPENID_CLIENT)/package-lock.json $(@D)
	@$(PROGRESS) "Installing openid-client" -- npm ci --prefix $(realpath $(VENV))/openid-client --no-audit --no-fund
	@touch $@

.env: | $(VENV)/demo
	@$(RUN) -m hub.demo.environment .env
	@echo "Wrote .env with random keys."
