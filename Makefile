# make sim    a simulated robot drives a scenario to its goal; e.g. make sim SCENARIO=depot
#             GOAL="20 4" PLANNER=dijkstra CONTROLLER=ilqr PARAMS=mine.yaml OUT=out/mine,
#             or SENSING=lidar ROBOT=turtlebot3 SPEED=0.5, or WEIGHTS=my_floor.safetensors
# make live   the same in a browser, without ROS; e.g. make live SCENARIO=forest SENSING=lidar
# make train  one training, with torch; e.g. make train TASK="clearance --seed 0"
# make test   ruff, mypy and the tests; make test-slow those of studies/ and the few
#             that take half a minute each
# make bench  the controller's speed, and the shipped scenarios in a closed loop without ROS
# make docs   these documents as a site with search and the API reference, in out/site
# make lint | format | params
# make dist   wheel and sdist, checked, in dist/
# make lock   the hashes of requirements/locked/ again, after a change of a version in requirements/

PYTHON ?= python3
# What is not given is left to the program: $(call given,--planner,$(PLANNER)).
given = $(if $(2),$(1) "$(2)")
WHO = $(call given,--controller,$(CONTROLLER)) $(call given,--planner,$(PLANNER)) \
  $(call given,--params,$(PARAMS)) $(call given,--sensing,$(SENSING)) $(call given,--weights,$(WEIGHTS))

VENV := .venv
PY := $(VENV)/bin/python
PIP := $(PY) -m pip --disable-pip-version-check install -qq
# One thread a process: the nodes share the cores, and small matrices gain nothing from more.
export OMP_NUM_THREADS ?= 1
export OPENBLAS_NUM_THREADS ?= 1

# One more than there are cores: nodes under test wait for each other much of the time.
WORKERS := $(shell $(PYTHON) -c "import os; print(min(8, 1 + (os.cpu_count() or 1)))")

# A sourced ROS 2 brings its own rclpy, messages and numpy; otherwise they come from PyPI.
SOURCED := $(shell $(PYTHON) -c "import rclpy" 2>/dev/null && echo yes)

# Versions and hashes of everything; with a sourced ROS 2 only the versions, because its numpy, for
# which its messages were built, stands in no lock. $(call pinned,SET,FILES): see `lock`.
pinned = $(if $(SOURCED),$(NUMPY) $(patsubst %,-r requirements/%.txt,$(2)),\
  --require-hashes -r requirements/locked/$(1).txt)
NUMPY = "numpy<$(shell $(PYTHON) -c 'import numpy; print(int(numpy.__version__.split(".")[0]) + 1)')"
TORCH_INDEX := https://download.pytorch.org/whl/cpu

.PHONY: sim live train test test-slow bench docs lint format params dist lock clean
sim: $(VENV)/.warm
	$(PY) -m mme_ilqr_ros sim $(call given,--scenario,$(SCENARIO)) $(call given,--goal,$(GOAL)) \
	  $(call given,--robot,$(ROBOT)) $(call given,--speed,$(SPEED)) $(WHO) $(call given,--out,$(OUT))

live: $(VENV)/.live
	$(PY) -m mme_ilqr_ros live $(if $(SCENARIO),"$(SCENARIO)") $(call given,--robot,$(ROBOT)) $(WHO)

train: $(VENV)/.train
	$(PY) -m mme_ilqr_ros train $(TASK)

test: lint
	$(PY) -m pytest -q -m "not slow" -n $(WORKERS) --dist loadfile --no-loadscope-reorder

test-slow: $(VENV)/.test
	$(PY) -m pytest -q -m slow -n logical --maxprocesses 8 --dist loadfile --no-loadscope-reorder

bench: $(VENV)/.warm
	$(PY) -m mme_ilqr_ros solve --out out/bench/solve
	$(PY) -m mme_ilqr_ros drive --worlds config/scenarios $(WHO) --plots --out out/bench/drive

docs: $(VENV)/.docs
	$(PY) -m sphinx -W --keep-going -aEq -d out/doctrees -c docs . out/site
	@echo "out/site/index.html"

lint: $(VENV)/.test
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m mypy

format: $(VENV)/.test
	$(PY) -m ruff check --fix .
	$(PY) -m ruff format .

params: $(VENV)/.sim
	$(PY) -m mme_ilqr_ros params --write

dist: $(VENV)/.dist
	rm -rf dist build/lib build/bdist.*
	$(PY) -m build --no-isolation --outdir dist .
	$(PY) -m twine check --strict dist/*
	$(PY) -m zipfile --list dist/*.whl

# One resolution for all Pythons from 3.10 on, then each set out of it.
LOCK = $(VENV)/bin/uv pip compile --universal --python-version 3.10.2 --quiet --no-header --no-annotate
SETS := sim:run,ros live:live train:torch docs:docs dist:dist test:test,record,live
lock: $(VENV)/bin/python
	$(PIP) uv==0.13.9
	cat requirements/*.txt | grep -v '^torch==' | $(LOCK) - -o $(VENV)/all.txt
	for set in $(SETS); do \
	  for file in $$(echo $${set#*:} | tr , ' '); do cat requirements/$$file.txt; done | \
	  grep -v '^torch==' | $(LOCK) --generate-hashes --constraint $(VENV)/all.txt - \
	    -o requirements/locked/$${set%%:*}.txt || exit 1; \
	done

clean:
	rm -rf $(VENV) build install log out

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10))' || \
	  { echo "make: $(PYTHON) is older than 3.10; try make PYTHON=python3.12"; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || \
	  { echo "make: $(PYTHON) cannot make virtual environments;" \
	    "on Debian and Ubuntu: sudo apt install python3-venv"; exit 1; }
	$(PYTHON) -m venv $(if $(SOURCED),--system-site-packages) $(VENV)

$(VENV)/.sim: $(VENV)/bin/python requirements/run.txt requirements/locked/sim.txt
	@echo "installing the pinned set into $(VENV) (a minute or two, once)"
	$(PIP) $(call pinned,sim,run)
	@touch $@

# Once, before several processes do so at a time; `make test` compiles what its tests use.
$(VENV)/.warm: $(VENV)/.sim
	$(PY) -m mme_ilqr_ros warm_up
	@touch $@

$(VENV)/.live: $(VENV)/.warm requirements/locked/live.txt
	$(PIP) $(call pinned,live,live)
	@touch $@

# One index at a time: torch alone from its own, which has other files than PyPI for every platform
# (so it has no hash here), the rest from the usual one, which also has torch where its own is away.
$(VENV)/.train: $(VENV)/.sim requirements/torch.txt requirements/locked/train.txt
	$(PIP) --retries 1 --no-deps --index-url $(TORCH_INDEX) $(shell grep ^torch== requirements/torch.txt) \
	  || echo "make: no torch from $(TORCH_INDEX); the usual index is next"
	$(PIP) $(call pinned,train,torch)
	$(PIP) -r requirements/torch.txt
	@touch $@

$(VENV)/.docs: $(VENV)/.sim requirements/locked/docs.txt
	$(PIP) $(call pinned,docs,docs)
	@touch $@

$(VENV)/.dist: $(VENV)/bin/python requirements/locked/dist.txt
	$(PIP) $(call pinned,dist,dist)
	@touch $@

$(VENV)/.test: $(VENV)/.train $(VENV)/.docs requirements/locked/test.txt
	$(PIP) $(call pinned,test,test record live)
	@touch $@
