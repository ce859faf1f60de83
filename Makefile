# The course's commands; `make help` lists them.
PYTHON ?= python3
VENV   := .venv
PY     := $(VENV)/bin/python
# PARTS=1-2: what Parts I and II need, and no more
STAMP  := $(VENV)/.installed$(if $(PARTS),-$(PARTS))
PINS   := requirements$(if $(PARTS),/parts-$(PARTS)).txt
DEV    := $(VENV)/.installed-dev
export OMP_NUM_THREADS ?= 1
export OPENBLAS_NUM_THREADS ?= 1
# hundreds of processes would compile the sources again
unexport PYTHONDONTWRITEBYTECODE
# what others put there is not what .venv holds
unexport PYTHONPATH

.DEFAULT_GOAL := help
.PHONY: help book serve pdf publish release-check test test-slow test-system test-weekly lab own check answer exercises weave teach collect grade marking return similarity attacks course gradescope hub lite bench bench-grader bench-check constraints times scores readme clean

help:  ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | \
	  awk -F'\t' '{printf "make %-14s %s\n", $$1, $$2}'

$(STAMP): $(PINS) requirements/constraints.txt pyproject.toml
	@"$(PYTHON)" tools/set_up.py $(if $(PARTS),--parts "$(PARTS)") $(if $(TORCH),--torch "$(TORCH)")

$(DEV): requirements/dev.txt requirements/oldest.txt $(STAMP)
	@"$(PYTHON)" tools/set_up.py --dev

book: export LONG_BOOK := $(LONG)
book: $(STAMP)  ## execute and build the book; OUTPUTS=a release's outputs.zip: executes nothing that is in it; SHORT=1: the short course, LONG=where the long book stands
	@$(if $(OUTPUTS),$(PY) -m tools.build.outputs take "$(OUTPUTS)")
	@$(PY) -m tools.build.book build $(if $(SHORT),--short)

serve: export LONG_BOOK := $(LONG)
serve: $(STAMP)  ## show the book while it is made; READ=1: executes nothing; OUTPUTS, SHORT: as above
	@$(if $(OUTPUTS),$(PY) -m tools.build.outputs take "$(OUTPUTS)")
	@$(PY) -m tools.build.serving $(if $(SHORT),--short) $(if $(READ),--read)

pdf: book $(DEV)  ## the learner's book on paper, _build/book.pdf; CODE=1: with the folded code; VOLUME=grading, reference or sheet
	@$(PY) -m tools.publish.volume.pdf $(if $(CODE),--code) $(if $(VOLUME),--volume $(VOLUME))

publish: export BOOK_ADDRESS := $(ADDRESS)
publish: export BOOK_SOURCE := $(SOURCE)
publish: book lite $(DEV)  ## for any static host: SITE=earlier editions, ADDRESS=URL, SOURCE=URL, BRANCH=of SOURCE, CODE=1; LATEST=1: latest/ alone
	@$(PY) -m tools.build.outputs save _build/outputs.zip
	@$(PY) -m tools.publish.publish $(if $(SITE),--site "$(SITE)") $(if $(BRANCH),--branch "$(BRANCH)") $(if $(CODE),--code) $(if $(LATEST),--latest)

release-check: $(DEV)  ## build the package twice, check it, try it on each Python that is here
	@$(PY) -m tools.publish.release

test: $(DEV)  ## lint, types, weave, and the tests
	@$(PY) -m tools.check -n 2 --dist worksteal -m "not (system or slow or weekly)"

test-slow: $(DEV)  ## whole gradings, commands, compiled loops, all known mistakes
	@$(PY) -m pytest -n 2 --dist worksteal -m "slow and not (system or weekly)"

test-system: $(DEV)  ## those that need Chromium, sandboxes, npm or root; a skip is a failure; TURN=number: a third of all pages
	@$(PY) -m pytest -n 2 --dist worksteal -m "system and not weekly" --no-skips $(if $(TURN),--turn $(TURN))

test-weekly: $(DEV)  ## the tests that take long, and those against the clock; ONLY=words of pytest -k
	@$(PY) -m pytest -n 2 --dist worksteal -m "weekly and not system" --no-skips $(if $(ONLY),-k "$(ONLY)")
	@$(PY) -m pytest -m "weekly and system" --no-skips $(if $(ONLY),-k "$(ONLY)")

lab: $(STAMP)  ## JupyterLab with the assignments open; OWN=1: with a package of your own
	@$(PY) -m rnncore lab $(if $(OWN),--own)

# `make check 6`: the second word is no target of its own
ifneq ($(filter check answer,$(firstword $(MAKECMDGOALS))),)
CHOSEN := $(filter 0% 1% 2% 3% 4% 5% 6% 7% 8% 9% ch% short% exercises/% capstone,$(word 2,$(MAKECMDGOALS)))
ifneq ($(CHOSEN),)
  .PHONY: $(CHOSEN)
  $(CHOSEN): ; @:
endif
endif
NOTEBOOK ?= $(CHOSEN)

check: $(STAMP)  ## the visible tests of one notebook: make check 6; WATCH=1: at each save
	@$(PY) -m rnncore check $(if $(NOTEBOOK),"$(NOTEBOOK)") $(if $(WATCH),--watch) || [ $$? -le 2 ]

own: $(STAMP)  ## test your own package, train with it, and write its page
	@$(PY) -m rnncore own || [ $$? -le 2 ]

answer: $(STAMP)  ## the course's answers, after your own: make answer 6; TASK=name of a code task; GIVE_UP=1
	@$(PY) -m rnncore answer $(if $(NOTEBOOK),"$(NOTEBOOK)" $(if $(TASK),"$(TASK)")) $(if $(GIVE_UP),--give-up) || [ $$? -le 2 ]

exercises: $(DEV)  ## build the released notebooks from solutions/; VARIANT=seed: a class's values; ROSTER=file: each learner's
	@$(PY) -m grader build $(if $(VARIANT),--variant "$(VARIANT)") $(if $(ROSTER),--roster "$(ROSTER)")

weave: $(STAMP)  ## copy the package's definitions into the chapters
	@$(PY) -m tools.pages.weave

teach: book $(DEV)  ## slides, question bank, exams, tutors' book and syllabus, into _build/teach: COURSE=file, SEED=number
	@$(PY) -m tools.teach $(if $(COURSE),--course "$(COURSE)") $(if $(SEED),--seed $(SEED))

collect: $(DEV)  ## take in what Moodle or another system exported; ASSIGNMENT=name
	@$(PY) -m grader collect $(ASSIGNMENT)

grade: $(DEV)  ## autograde what lies in grading/submitted/; AGAIN=1: what is graded already, too
	@$(PY) -m grader grade $(if $(AGAIN),--again)

marking: $(DEV)  ## one question over all learners: ASSIGNMENT=name, TASK=name, BY=name, SHARE=1/3
	@$(PY) -m grader marking $(ASSIGNMENT) $(if $(TASK),--task "$(TASK)") $(if $(BY),--by "$(BY)") $(if $(SHARE),--share $(SHARE))

return: $(DEV)  ## pages and points, as Moodle and Canvas take them; ASSIGNMENT=name, MISSING=0
	@$(PY) -m grader return $(ASSIGNMENT) $(if $(MISSING),--missing $(MISSING))

similarity: $(DEV)  ## which submissions look alike; WITH=path: an earlier class's too
	@$(PY) -m grader similarity $(if $(WITH),--with "$(WITH)")

attacks: $(DEV)  ## grade hostile notebooks; STOCK=1: on a stock nbgrader too; WRITE=1: into the guide; ONLY="NAME ...": these
	@$(PY) -m tools.bench.grader.attacks $(ONLY) $(if $(STOCK),--stock) $(if $(WRITE),--write)

bench-grader: $(DEV)  ## time the grader against stock nbgrader; SIZE=128, ROUNDS=5, OURS=1, SAVE=1
	@$(PY) -m tools.bench.grader.grading $(if $(SIZE),--class-size $(SIZE)) \
	  $(if $(ROUNDS),--rounds $(ROUNDS)) $(if $(OURS),--ours) $(if $(SAVE),--save)

bench-check: $(DEV)  ## time make check after a change, in every assignment
	@$(PY) -m tools.bench.grader.checking

course: $(DEV)  ## export the learners' tree: make course DIR=path; UPDATE=1: where work has begun; COURSE=file in place of course.toml; VARIANT=seed
	@$(PY) -m tools.publish.export $(if $(DIR),"$(DIR)") $(if $(UPDATE),--update) $(if $(COURSE),--course "$(COURSE)") $(if $(VARIANT),--variant "$(VARIANT)")

bench: $(DEV)  ## time the loops against torch.nn; SAVE=1 keeps the ratios
	@$(PY) -m tools.bench.loops $(if $(SAVE),--save)

gradescope: $(DEV)  ## a zip for Gradescope: make gradescope ASSIGNMENT=ch03_bptt
	@$(PY) -m grader gradescope $(ASSIGNMENT) $(if $(NO_SANDBOX),--no-sandbox)

HUB_PACKAGES := $(VENV)/hub

$(HUB_PACKAGES)/.installed: requirements/hub.txt $(DEV)
	@"$(PYTHON)" tools/set_up.py --hub

hub: $(HUB_PACKAGES)/.installed  ## JupyterHub, as root: make hub INSTRUCTOR=login
	@PYTHONPATH="$(HUB_PACKAGES)" $(PY) -m jupyterhub --config grader/systems/jupyterhub_config.py

LITE := $(VENV)/lite

$(LITE)/.installed: requirements/lite.txt $(STAMP)
	@"$(PYTHON)" tools/set_up.py --lite

lite: $(LITE)/.installed  ## notebooks that open in a browser, into the built book
	@$(PY) -m tools.publish.notebooks
	@$(LITE)/bin/python -m tools.publish.browser.lite

constraints: $(DEV)  ## pin everything as it is installed now
	@{ echo "# Everything that requirements.txt brings, as tested: make constraints."; \
	   $(PY) -m pip freeze --all --exclude-editable --exclude pip | sed 's/+[a-z0-9]*$$//' | grep -vE '^(cuda-|nvidia-|triton)'; \
	   echo; grep -E '^(# With|cuda-|nvidia-|triton)' requirements/constraints.txt; } > constraints.new && mv constraints.new requirements/constraints.txt

scores: $(DEV)  ## the stored networks on held-out data, beside baselines; SAVE=1 keeps them
	@$(PY) -m tools.train.scores $(if $(SAVE),--save)

times: $(DEV)  ## time the book and the tests, for the README
	@$(PY) -m tools.bench.wall_clock

readme: $(STAMP)  ## write the README's figures from the measurements
	@$(PY) -m tools.build.readme

clean:  ## remove what was built; .venv and sources of yours stay
	rm -rf _build $(patsubst solutions/%/,grading/source/%,$(wildcard solutions/*/)) mutants .pytest_cache .mypy_cache .ruff_cache
