# Everything runs in .venv; the first command that needs it makes it. PYTHON names the interpreter it is made from.
PYTHON ?= python3
# Of what is random in the quickstart, e.g. SEEDS=0,1,2,3,4.
SEEDS  ?= 0
BIN    := .venv/bin
comma  := ,
# The run that the quickstart's last step takes its checkpoint from.
FIRST  := outputs/runs/stance_small_tuned/seed-$(firstword $(subst $(comma), ,$(SEEDS)))

# The whole environment is pinned in constraints.txt; the stamp is younger than both files once it is installed.
INSTALLED := .venv/.installed

.PHONY: help install quickstart map base test slow storm corpus-check lint format coverage

help:
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'

$(INSTALLED): pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable ".[dev]"
	@touch $@

install: $(INSTALLED) ## set up .venv with the pinned versions

# What the quickstart compares with the fine-tuned model on the literary part; all but the last two depend on no seed.
SYSTEMS := majority,prior_target,prior_holder_target,tfidf

quickstart: $(INSTALLED) ## a short report scored, then the bundled corpus to a table, a checkpoint and three sentences
	@echo "1/6 a report: who stands where, by stance-small"
	@$(BIN)/python scripts/predict.py input=seeds/report.csv output=outputs/quickstart/report.csv show=8
	@echo "2/6 dataset"
	@$(BIN)/python scripts/build_dataset.py data=negotiation
	@echo "3/6 baselines"
	@$(BIN)/python scripts/train.py -m model=$(SYSTEMS)
	@echo "4/6 stance-small as it is, and fine-tuned on the literary part of the corpus"
	@$(BIN)/python scripts/train.py experiment=stance_small_as_it_is
	@$(BIN)/python scripts/train.py -m experiment=stance_small_tuned seed=$(SEEDS)
	@echo "5/6 results on proposals that training never saw"
	@$(BIN)/python scripts/summarize.py 'experiment=[negotiation-$(subst $(comma),$(comma)negotiation-,$(SYSTEMS)),stance_small_as_it_is,stance_small_tuned]' folder=outputs/quickstart
	@echo "6/6 three sentences about a proposal that training never saw"
	@$(BIN)/python scripts/predict.py checkpoint=$(FIRST)/checkpoint input=seeds/try.csv output=outputs/quickstart/try.csv show=3
	@echo "checkpoint: $(FIRST)/checkpoint   reports: outputs/runs/*/seed-*/metrics.json"

map: $(INSTALLED) ## the example report: who stands where, as a page that opens offline
	$(BIN)/python scripts/map.py documents=seeds/map/documents actors=seeds/map/actors.csv \
	  proposals=seeds/map/proposals.csv output=outputs/map title="One report: who stands where"

base: $(INSTALLED) ## train stance-base from nothing: some 50 minutes on two cores with bfloat16, resumable
	@echo "some 50 minutes on two cores with bfloat16 (AVX512-BF16 or AMX), hours without; killed, it goes on from the last epoch"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable ".[base]"
	@$(BIN)/python scripts/train.py experiment=stance_base

test: $(INSTALLED) lint ## lint, types and the fast tests
	$(BIN)/python -m pytest --numprocesses 2 --dist loadfile

slow: $(INSTALLED) ## what make test leaves out but the storm: simulations at full size, torchrun, every configuration
	$(BIN)/python -m pytest -m slow --ignore tests/storm

storm: $(INSTALLED) ## kills, faults, fuzz, hostile files and load: up to STORM_MINUTES=180 and some (docs/reliability.md)
	$(BIN)/python -m pytest -m slow tests/storm

corpus-check: $(INSTALLED) ## prove the numbers of the bundled corpus from its files
	$(BIN)/python scripts/check_corpus.py

lint: $(INSTALLED) ## ruff and mypy
	$(BIN)/ruff format --check src scripts benchmarks seeds tests
	$(BIN)/ruff check src scripts benchmarks seeds tests
	$(BIN)/mypy

format: $(INSTALLED) ## let ruff rewrite the files
	$(BIN)/ruff format src scripts benchmarks seeds tests
	$(BIN)/ruff check --fix src scripts benchmarks seeds tests

coverage: $(INSTALLED) ## the fast tests with line and branch coverage
	$(BIN)/python -m pytest --cov --cov-report=term-missing
