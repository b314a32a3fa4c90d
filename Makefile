# `make help` lists the targets. PYTHON chooses the interpreter: PYTHON=python3.12 make test
SUPPORTED := import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))
PYTHON ?= $(shell for python in python3 python3.13 python3.12 python3.11; do \
	$$python -c '$(SUPPORTED)' 2>/dev/null && echo $$python && break; done)
VENV := .venv
BIN := $(VENV)/bin
ARGS ?=
# Generated calls of each operation by each key.
CALLS ?= 60
WORKERS := $(shell count=$$(getconf _NPROCESSORS_ONLN 2>/dev/null || echo 2); echo $$((count > 4 ? 4 : count)))
# What checks need to import the settings; they reach no server and read no secret of this machine.
CHECK_ENV := SECRETS_PATH=/dev/null DJANGO_SECRET_KEY=checks-only \
	DATABASE_URL=postgres://127.0.0.1:9/checks REDIS_URL=redis://127.0.0.1:9/0

.DEFAULT_GOAL := help
.PHONY: help run test lint audit bench contract drill lock messages pictures release-schema

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: $(VENV)/local.stamp ## run the hub on this machine; options in ARGS, such as ARGS="--port 8350"
	@exec $(BIN)/python manage.py runhub $(ARGS)

test: $(VENV)/dev.stamp ## run the tests; choose some with ARGS="tests/bots -k edit"
	@exec $(BIN)/python -m pytest -n $(WORKERS) --dist loadgroup $(ARGS)

lint: $(VENV)/dev.stamp ## check style, types, layers, migrations and the Dockerfile
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(CHECK_ENV) $(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python manage.py makemigrations --check --dry-run --settings tests.settings
	$(BIN)/hadolint Dockerfile

audit: $(VENV)/dev.stamp ## look for known vulnerabilities, unsafe code, and secrets in files and history
	@exec $(BIN)/python -m tests.audit

bench: $(VENV)/dev.stamp ## measure speed beside its bounds, and write bench.json; choose with ARGS="delivery"
	@exec $(BIN)/python -m tests.bench $(ARGS)

drill: $(VENV)/dev.stamp ## faults under load for minutes, counted at the end; ARGS="--only disk --seconds 20"
	@exec $(BIN)/python -m tests.drills $(ARGS)

contract: $(VENV)/dev.stamp ## tens of thousands of generated calls against the API's own schema; CALLS of each by each key
	@HUB_CONTRACT_CALLS=$(CALLS) exec $(BIN)/python -m pytest -s tests/api/test_contract.py -k tens $(ARGS)

pictures: $(VENV)/dev.stamp ## take the pictures of docs/ from a hub of their own (Chromium); choose with ARGS="home queue"
	@exec $(BIN)/python -m tests.pictures $(ARGS)

messages: $(VENV)/dev.stamp ## collect the strings to translate and compile the catalogue (GNU gettext)
	$(CHECK_ENV) $(BIN)/python manage.py makemessages --locale ru --no-obsolete --no-location \
		--ignore "$(VENV)*" --ignore tests --ignore static-root
	$(CHECK_ENV) $(BIN)/python manage.py compilemessages --locale ru --ignore "$(VENV)*"

release-schema: $(VENV)/dev.stamp ## note the tables of a release, which the next one is held against
	@exec $(BIN)/python -m tests.upgrades

lock: $(VENV)/dev.stamp ## compile requirements/*.in into locks; ARGS=--upgrade for newer versions
	$(BIN)/python -m pip install --quiet uv
	cd requirements && for name in base local dev; do \
		../$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
			--custom-compile-command "make lock" $(ARGS) $$name.in -o $$name.txt || exit 1; \
	done

$(VENV)/pyvenv.cfg:
	@$(PYTHON) -c '$(SUPPORTED)' 2>/dev/null || { echo >&2 \
		'error: Python 3.11, 3.12 or 3.13 is needed; name yours: make PYTHON=/path/to/python3.12'; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); echo >&2 \
		'error: $(PYTHON) cannot make a virtual environment; on Debian: apt-get install python3-venv'; exit 1; }

# A PYTHON that was named counts, also when the environment was made by another one before.
.PHONY: interpreter
interpreter: $(VENV)/pyvenv.cfg
ifneq ($(origin PYTHON),file)
	@version='import sys; print(*sys.version_info[:2])'; \
	[ "$$($(PYTHON) -c "$$version")" = "$$($(BIN)/python -c "$$version")" ] || { echo >&2 \
		'error: $(VENV) was made by another Python: remove it, or name another folder with VENV='; exit 1; }
endif

# dev.txt holds everything of local.txt.
$(VENV)/local.stamp: requirements/local.txt | interpreter
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/local.txt
	@touch $@

$(VENV)/dev.stamp: requirements/dev.txt | interpreter
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.txt
	@touch $@ $(VENV)/local.stamp
