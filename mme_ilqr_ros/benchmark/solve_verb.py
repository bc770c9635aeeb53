"""`mme-ilqr solve`: the controller's speed."""

from __future__ import annotations

import argparse
import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from mme_ilqr_ros.benchmark.solve import MakeKernel, SolveResult, compiled, time_cycles
from mme_ilqr_ros.command_line import positive_int, whole
from mme_ilqr_ros.control.objective import algorithm_settings
from mme_ilqr_ros.control.settings import VARIANTS, ControllerSettings
from mme_ilqr_ros.reporting.rows import facts, percentiles_ms, table, write_json
from mme_ilqr_ros.settings import build, flatten

PRECISIONS = ("float64", "float32")
PERCENTILES = {0: "min", 50: "median", 95: "p95", 99: "p99", 100: "max"}
COLUMNS = {
    "variant": "{variant}",
    "modes": "{modes}",
    "backend": "{backend} {device} {precision}",
    **{f"cycle ms {name}": f"{{cycle_ms[{name}]:.3f}}" for name in PERCENTILES.values()},
    "iteration us": "{iteration_us:.1f}",
    "first call s": "{first_call_s:.2f}",
    "cost": "{cost:.3f}",
}

ABOUT = """\
Time whole control cycles (shift, rollout, derivatives, backward pass, line search, sampling,
selection) on seeded fields of obstacles, the plan of one cycle driven to the next.
"""
EXAMPLES = """\
examples:
  mme-ilqr solve --out out/solve
  mme-ilqr solve --modes 64 --repeat 100 --out out/solve64

summary.json has minimum, median, 95th and 99th percentile and maximum in ms of a cycle, the time of
one iteration of all modes in us, the first call (building or loading the kernel) apart, and the
mean cost that the driving mode reached, so that speed cannot be bought with quality. Compare
figures from one machine only, and with nothing else running on it.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the verb's arguments to its parser."""
    add = parser.add_argument
    add("--variant", choices=VARIANTS, default=ControllerSettings.variant, help="(%(default)s)")
    add("--modes", type=positive_int, default=8, help="plans kept alive (%(default)s)")
    add("--iterations", type=positive_int, default=10, help="at most, per cycle (%(default)s)")
    add("--horizon", type=positive_int, default=50, help="stages (%(default)s)")
    add("--obstacles", type=whole, default=16, help="circles (%(default)s)")
    add("--precision", choices=PRECISIONS, default="float64", help="(%(default)s)")
    add("--repeat", type=positive_int, default=200, help="cycles (%(default)s)")
    add("--seed", type=whole, default=0, help="of problems and sampling (%(default)s)")
    add("--out", type=Path, required=True, metavar="DIR", help="folder for summary.json")


def run(options: argparse.Namespace, command: str) -> str:
    """Time what the command line asks for; return the report.

    Raises:
        SettingError: A number is out of range.
    """
    where = {"backend": "compiled", "device": "cpu", "precision": options.precision}
    return time_and_report(options, command, compiled(options.precision), where)


def time_and_report(
    options: argparse.Namespace, command: str, make: MakeKernel, where: Mapping[str, str]
) -> str:
    """Time the cycles of a solver, write summary.json and return the figures as a table.

    Args:
        options: Of the verb's own arguments.
        command: As typed.
        make: Makes the solver.
        where: `backend`, `device` and `precision` for the report.
    """
    settings = _settings(options)
    options.out.mkdir(parents=True, exist_ok=True)
    sums = totals(time_cycles(settings, options.obstacles, options.repeat, make))
    chosen = {"obstacles": options.obstacles, "repeat": options.repeat, **flatten(settings)}
    content = {**facts(command), "settings": {**chosen, **where}, "totals": sums}
    write_json(content, options.out / "summary.json")
    modes = algorithm_settings(settings).n_modes
    return table([{**chosen, **where, **sums, "modes": modes}], COLUMNS)


def _settings(options: argparse.Namespace) -> ControllerSettings:
    values = {
        "variant": options.variant,
        "seed": options.seed,
        "mme.n_iterations": options.iterations,
        "mme.time_steps": options.horizon,
    }
    settings = build(ControllerSettings, values)
    # A study may ask for more modes than the range that is good for a robot.
    mme = dataclasses.replace(settings.mme, n_modes=options.modes)
    return dataclasses.replace(settings, mme=mme)


def totals(result: SolveResult) -> dict[str, Any]:
    """Return the figures of summary.json."""
    per_iteration = np.array(result.cycle_times) / np.maximum(result.iterations, 1)
    return {
        "cycle_ms": percentiles_ms(result.cycle_times, tuple(PERCENTILES)),
        "iteration_us": round(1e6 * float(np.median(per_iteration)), 2),
        "iterations": round(float(np.mean(result.iterations)), 2),
        "first_call_s": round(result.first_call, 3),
        "cost": round(result.cost, 6),
        "feasible": round(result.feasible, 4),
    }
