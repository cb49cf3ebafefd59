# Everything runs in .venv; the first command that needs it makes it. PYTHON names the interpreter it is made from.
PYTHON ?= python3
# Of what is random in the quickstart: one takes some six minutes on two cores. SEEDS=0,1,2,3,4 gives the committed results.
SEEDS  ?= 0
BIN    := .venv/bin
comma  := ,
# The run that the quickstart's last step takes its checkpoint from.
FIRST  := outputs/runs/minilm/seed-$(firstword $(subst $(comma), ,$(SEEDS)))

# The whole environment is pinned in constraints.txt; the stamp is younger than both files once it is installed.
INSTALLED := .venv/.installed

.PHONY: help install quickstart base test corpus-check lint format coverage

help:
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'

$(INSTALLED): pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable ".[dev]"
	@touch $@

install: $(INSTALLED) ## set up .venv with the pinned versions

# What the quickstart compares with the encoder, and of these what depends on no seed.
SYSTEMS := majority,prior_stratified,prior_target,prior_holder,prior_holder_target,tfidf,embedding
FIXED   := $(subst prior_stratified$(comma),,$(SYSTEMS))

quickstart: $(INSTALLED) ## from the bundled corpus to a table, a checkpoint and three scored sentences
	@echo "1/5 dataset"
	@$(BIN)/python scripts/build_dataset.py data=negotiation
	@echo "2/5 baselines"
	@$(BIN)/python scripts/train.py -m experiment=$(FIXED)
	@echo "3/5 what depends on a seed: a drawn prior, and fine-tuning the packaged encoder"
	@$(BIN)/python scripts/train.py -m experiment=prior_stratified,minilm seed=$(SEEDS)
	@echo "4/5 results on proposals that training never saw"
	@$(BIN)/python scripts/summarize.py 'experiment=[$(SYSTEMS),minilm]' folder=outputs/quickstart
	@echo "5/5 three sentences about a proposal that training never saw"
	@$(BIN)/python scripts/predict.py checkpoint=$(FIRST)/checkpoint input=seeds/try.csv output=outputs/quickstart/try.csv
	@cat outputs/quickstart/try.csv
	@echo "checkpoint: $(FIRST)/checkpoint   reports: outputs/runs/*/seed-*/metrics.json"

base: $(INSTALLED) ## train stance-base from nothing: some 40 minutes on two cores, resumable
	@echo "some 40 minutes on two cores; killed, it goes on from the last epoch"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable ".[base]"
	@$(BIN)/python scripts/train.py experiment=stance_base

test: $(INSTALLED) lint ## lint, types and the fast tests
	$(BIN)/python -m pytest --numprocesses 2 --dist loadfile

corpus-check: $(INSTALLED) ## prove the numbers of the bundled corpus from its files
	$(BIN)/python scripts/check_corpus.py

lint: $(INSTALLED) ## ruff and mypy
	$(BIN)/ruff format --check src scripts benchmarks tests
	$(BIN)/ruff check src scripts benchmarks tests
	$(BIN)/mypy

format: $(INSTALLED) ## let ruff rewrite the files
	$(BIN)/ruff format src scripts benchmarks tests
	$(BIN)/ruff check --fix src scripts benchmarks tests

coverage: $(INSTALLED) ## the fast tests with line and branch coverage
	$(BIN)/python -m pytest --cov --cov-report=term-missing
