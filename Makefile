# make sim    a simulated robot drives a scenario to its goal (SCENARIO, CONTROLLER, PLANNER, OUT)
# make test   ruff and the whole test suite
# make bench  the controller's speed, and the shipped scenarios in a closed loop without ROS
# make lint | format | params

PYTHON ?= python3
SCENARIO ?= trap
CONTROLLER ?= mme_ilqr
PLANNER ?= id_vin
OUT ?= out/$(basename $(notdir $(SCENARIO)))

VENV := .venv
PY := $(VENV)/bin/python
PIP := $(PY) -m pip --disable-pip-version-check install -qq
# One thread a process: the nodes share the cores, and small matrices gain nothing from more.
export OMP_NUM_THREADS ?= 1
export OPENBLAS_NUM_THREADS ?= 1

# A sourced ROS 2 brings its own rclpy, messages and numpy; otherwise they come from PyPI.
SOURCED := $(shell $(PYTHON) -c "import rclpy" 2>/dev/null && echo yes)

.PHONY: sim test bench lint format params clean
sim: $(VENV)/.sim
	$(PY) -m mme_ilqr_ros.bringup --scenario $(SCENARIO) --controller $(CONTROLLER) \
	  --planner $(PLANNER) --out $(OUT)

test: lint
	$(PY) -m pytest -q -n logical --maxprocesses 8 --dist loadfile --no-loadscope-reorder

bench: $(VENV)/.sim
	$(PY) -m mme_ilqr_ros.benchmark solve --out out/bench/solve
	$(PY) -m mme_ilqr_ros.benchmark drive --worlds config/scenarios --controller $(CONTROLLER) \
	  --planner $(PLANNER) --plots --out out/bench/drive

lint: $(VENV)/.test
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m mypy

format: $(VENV)/.test
	$(PY) -m ruff check --fix .
	$(PY) -m ruff format .

params: $(VENV)/.sim
	$(PY) -m mme_ilqr_ros.parameters.files --write

clean:
	rm -rf $(VENV) build install log out

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10))' || \
	  { echo "make: $(PYTHON) is older than 3.10; try make PYTHON=python3.12"; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || \
	  { echo "make: $(PYTHON) cannot make virtual environments;" \
	    "on Debian and Ubuntu: sudo apt install python3-venv"; exit 1; }
	$(PYTHON) -m venv $(if $(SOURCED),--system-site-packages) $(VENV)

$(VENV)/.sim: $(VENV)/bin/python requirements/run.txt requirements/ros.txt requirements/torch.txt
	@echo "installing the pinned set into $(VENV) (a minute or two, once)"
	$(PIP) -r requirements/run.txt $(if $(SOURCED),,-r requirements/ros.txt)
	$(PIP) --retries 1 -r requirements/torch.txt
	@touch $@

$(VENV)/.test: $(VENV)/.sim requirements/test.txt
	$(PIP) -r requirements/test.txt
	@touch $@
