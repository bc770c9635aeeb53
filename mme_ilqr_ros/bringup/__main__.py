"""Drive a scenario to its end through real ROS 2 nodes, and say how it ended in one line.

    python -m mme_ilqr_ros.bringup --scenario trap --controller mme_ilqr --planner none

Simulator, planner, controller and run monitor start as processes of their own with DDS on loopback;
the monitor sends the goal and judges. Exit status: 0 when the goal was reached without collision, 1
when not, 2 for unusable input, 130 after Ctrl-C.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import signal
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from mme_ilqr_ros.bringup.domain import NoDomainError, reserved_domain
from mme_ilqr_ros.bringup.layers import parameter_files
from mme_ilqr_ros.bringup.processes import NodeProcess, start, stop_all
from mme_ilqr_ros.bringup.screen import Screen
from mme_ilqr_ros.bringup.system import (
    CONTROLLERS,
    GUIDANCE,
    PLANNERS,
    NodeSpec,
    monitor_node,
    simulation_nodes,
)
from mme_ilqr_ros.simulation.scenario import ScenarioError, load_scenario, scenario_names

PROGRESS_PERIOD = 0.5  # s
FAILED, UNUSABLE_INPUT, INTERRUPTED = 1, 2, 130


def main(args: Sequence[str] | None = None) -> int:
    """Run the command line; return the exit status."""
    options = parse(args)
    try:
        scenario = load_scenario(options.scenario, options.id or None)
    except ScenarioError as error:
        return _unusable(str(error))
    if options.params is not None and not options.params.is_file():
        return _unusable(f"--params: there is no file '{options.params}'")
    out = (options.out or Path("out") / scenario.name).resolve()
    setup = f"{options.controller}, planner {options.planner}"
    print(f"{scenario.name}: {setup}", flush=True)
    specs = simulation_nodes(
        scenario,
        options.scenario,
        options.id,
        options.controller,
        options.planner,
        options.guidance,
    )
    monitor = (options.scenario, options.id, options.planner, setup, str(out), PROGRESS_PERIOD)
    specs.append(monitor_node(*monitor))
    scratch = tempfile.TemporaryDirectory(prefix="mme_ilqr_ros_")
    try:
        with scratch as folder, domain_of_a_run(os.environ) as domain:
            environment = environment_of_a_run(os.environ, domain)
            return run(specs, options.params, Path(folder), out / "log", environment)
    except NoDomainError as error:
        return _unusable(str(error))


def parse(args: Sequence[str] | None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m mme_ilqr_ros.bringup", description=(__doc__ or "").partition("\n")[0]
    )
    names = ", ".join(scenario_names())
    parser.add_argument("--scenario", default="trap", help=f"{names}, or a scenario or world file")
    parser.add_argument("--id", default="", metavar="WORLD", help="which world of a file with many")
    parser.add_argument("--controller", default="mme_ilqr", choices=CONTROLLERS)
    parser.add_argument("--planner", default="id_vin", choices=PLANNERS)
    parser.add_argument(
        "--guidance", default="", choices=GUIDANCE, help="what of the plan draws it"
    )
    parser.add_argument("--params", type=Path, help="ROS parameter file, overrules the scenario")
    parser.add_argument("--out", type=Path, help="folder for the result (out/<scenario>)")
    return parser.parse_args(args)


def run(
    specs: Sequence[NodeSpec],
    params: Path | None,
    scratch: Path,
    log_folder: Path,
    environment: Mapping[str, str],
) -> int:
    """Start the nodes, wait for the monitor's verdict, and end them all.

    Args:
        specs: The nodes; the last one is the monitor.
        params: The user's parameter file, or None.
        scratch: Folder for generated parameter files.
        log_folder: Folder for the nodes' logs.
        environment: The nodes' environment.
    """
    signal.signal(signal.SIGTERM, signal.getsignal(signal.SIGINT))
    print(f"ROS_DOMAIN_ID={environment['ROS_DOMAIN_ID']}, logs in {log_folder}", flush=True)
    processes: list[NodeProcess] = []
    try:
        for spec in specs:
            command = command_of(spec, params, scratch)
            processes.append(start(spec.name, command, environment, log_folder))
        return wait(processes)
    except KeyboardInterrupt:
        print("\ninterrupted; the nodes are told to stop", file=sys.stderr)
        return INTERRUPTED
    finally:
        stop_all(processes)


def command_of(spec: NodeSpec, params: Path | None, scratch: Path) -> list[str]:
    """Return the command line of a node: defaults, then the scenario's facts, then the user."""
    command = [sys.executable, "-m", spec.module, "--ros-args"]
    for file in parameter_files(spec, params, scratch):
        command += ["--params-file", str(file)]
    return command


def domain_of_a_run(given: Mapping[str, str]) -> contextlib.AbstractContextManager[int]:
    """Hold a ROS domain: the user's own, or one that no other run holds."""
    chosen = given.get("ROS_DOMAIN_ID", "")
    return contextlib.nullcontext(int(chosen)) if chosen.isdigit() else reserved_domain()


def environment_of_a_run(given: Mapping[str, str], domain: int) -> dict[str, str]:
    """Return the environment of the nodes: DDS on loopback, a thread a process, a plain log."""
    environment = {
        "ROS_AUTOMATIC_DISCOVERY_RANGE": "LOCALHOST",
        "AMENT_PREFIX_PATH": sys.prefix,
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
        "MKL_NUM_THREADS": "1",
    }
    # What the user has set wins, so that RViz in another terminal can be made to listen.
    environment.update(given)
    environment["ROS_DOMAIN_ID"] = str(domain)
    environment["RCUTILS_CONSOLE_OUTPUT_FORMAT"] = "[{severity}] {message}"
    environment["RCUTILS_LOGGING_USE_STDOUT"] = "1"
    environment["RCUTILS_LOGGING_BUFFERED_STREAM"] = "0"
    environment["PYTHONUNBUFFERED"] = "1"
    # The nodes find this very package, also when it is run from a checkout.
    root = str(Path(__file__).resolve().parents[2])
    environment["PYTHONPATH"] = os.pathsep.join(filter(None, [root, given.get("PYTHONPATH")]))
    return environment


def wait(processes: Sequence[NodeProcess]) -> int:
    """Relay what the nodes say until the monitor ends, or another node does before it."""
    monitor = processes[-1]
    screen = Screen()
    while True:
        for process in processes:
            for severity, text in process.new_lines():
                screen.show(process, severity, text, is_monitor=process is monitor)
        if monitor.has_ended():
            return monitor.status if monitor.status in (0, FAILED, UNUSABLE_INPUT) else FAILED
        for process in processes:
            if process.has_ended():
                screen.say(f"{process.name} ended early with exit status {process.status}")
                screen.say(f"its log: {process.log_file}")
                return UNUSABLE_INPUT if process.status == UNUSABLE_INPUT else FAILED
        time.sleep(0.05)


def _unusable(text: str) -> int:
    print(f"bringup: {text}", file=sys.stderr)
    return UNUSABLE_INPUT


if __name__ == "__main__":
    sys.exit(main())
