# The two commands of the README. Each sets up what it needs; both work without a network once it is there.
PYTHON ?= python3
VENV := .venv
RUN := $(VENV)/bin/python

.PHONY: demo test lint hooks prices boards pictures bench soak

demo: $(VENV)/installed
	@$(RUN) tests/samples/tour.py

test: $(VENV)/installed
	$(RUN) -m pytest -q

lint: $(VENV)/installed
	$(RUN) -m ruff check .
	$(RUN) -m black --check --quiet .
	$(RUN) -m mypy
	$(RUN) -m bandit --quiet --recursive --severity-level medium --confidence-level medium --configfile pyproject.toml sophia_cli

# The hooks run this project as a wheel, as a user's do. Their environments are made anew: pre-commit knows them by
# its version, which says nothing of what the wheel holds.
hooks: $(VENV)/installed
	@rm -rf build/wheels/sophia_cli-* $(VENV)/hooks
	@$(RUN) -m pip wheel --quiet --no-deps --wheel-dir build/wheels .
	PRE_COMMIT_HOME=$(CURDIR)/$(VENV)/hooks PIP_FIND_LINKS="$(CURDIR)/build/wheels $(PIP_FIND_LINKS)" \
		$(VENV)/bin/pre-commit run --all-files

# The catalogue of models is made of these releases; PRICES_AS_OF is the day on which that genai-prices came out.
# To renew it, raise the pin of genai-prices in pyproject.toml and these two.
LITELLM := 1.110.2
PRICES_AS_OF := 2026-11-10

prices: $(VENV)/installed
	$(RUN) -m pip download --quiet --no-deps --dest build/wheels litellm==$(LITELLM)
	$(RUN) -m sophia_cli.pricelist --litellm build/wheels/litellm-$(LITELLM)-*.whl --as-of $(PRICES_AS_OF)

# The boards in dashboards/ are made by sophia_cli/dashboards/builder; a test compares them.
boards: $(VENV)/installed
	$(RUN) -m sophia_cli.dashboards.builder
	$(RUN) -m sophia_cli dashboards lint

# The pictures in dashboards/pictures/, of a made-up day; look at them before they are committed.
pictures: $(VENV)/installed
	$(RUN) -m pip install --quiet 'pillow>=11,<13'
	$(RUN) tests/real/pictures.py

bench: $(VENV)/installed
	$(RUN) benchmarks/startup.py
	$(RUN) benchmarks/llm.py
	$(RUN) benchmarks/ledger.py
	$(RUN) benchmarks/migrate.py

soak: $(VENV)/installed
	$(RUN) benchmarks/soak.py 200000

$(VENV)/installed: pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "sophia needs Python 3.11 or newer; name one: make PYTHON=python3.12"; exit 1; }
	@echo "Making the environment in $(VENV) (once, about half a minute)"
	@$(PYTHON) -m venv $(VENV)
	@$(RUN) -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch $@
