"""`mme-ilqr solve`: the controller's speed."""

from __future__ import annotations

import argparse
import dataclasses
import importlib.util
import os
import platform
from pathlib import Path
from typing import Any

import numpy as np

from mme_ilqr_ros import __version__
from mme_ilqr_ros.benchmark.solve import Backend, SolveResult, time_cycles
from mme_ilqr_ros.benchmark.summary import percentiles_ms, write_json
from mme_ilqr_ros.benchmark.usage import UsageError, positive_int, whole
from mme_ilqr_ros.control.kernel import KernelError
from mme_ilqr_ros.control.objective import algorithm_settings
from mme_ilqr_ros.control.settings import ControllerSettings
from mme_ilqr_ros.settings import build, flatten, table

VARIANTS = ("ilqr", "me_ilqr", "mme_ilqr", "sv_ilqr")
BACKENDS = ("compiled", "torch")
PRECISIONS = ("float64", "float32")

ABOUT = """\
Time whole control cycles (shift, rollout, derivatives, backward pass, line search, sampling,
selection) on seeded fields of obstacles, the plan of one cycle driven to the next.
"""
EXAMPLES = """\
examples:
  mme-ilqr solve --out out/solve
  mme-ilqr solve --modes 64 --repeat 100 --out out/solve64
  mme-ilqr solve --backend torch --device cuda --modes 4096 --repeat 20 --out out/gpu

backends: compiled is the controller's own kernel; torch runs the same cycle on tensors, on the CPU
or on a GPU. They begin from the same random numbers, so that their costs can be compared.

summary.json has minimum, median, 95th and 99th percentile and maximum in ms of a cycle, the time of
one iteration of all modes in us, the first call (building or loading the kernel) apart, and the
mean cost that the driving mode reached, so that speed cannot be bought with quality. Compare
figures from one machine only, and with nothing else running on it.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the verb's arguments to its parser."""
    add = parser.add_argument
    add("--variant", choices=VARIANTS, default="mme_ilqr", help="(%(default)s)")
    add("--modes", type=positive_int, default=8, help="plans kept alive (%(default)s)")
    add("--iterations", type=positive_int, default=10, help="at most, per cycle (%(default)s)")
    add("--horizon", type=positive_int, default=50, help="stages (%(default)s)")
    add("--obstacles", type=whole, default=16, help="circles (%(default)s)")
    add("--backend", choices=BACKENDS, default="compiled", help="(%(default)s)")
    add("--device", choices=("cpu", "cuda"), default="cpu", help="for torch (%(default)s)")
    add("--precision", choices=PRECISIONS, default="float64", help="(%(default)s)")
    add("--repeat", type=positive_int, default=200, help="cycles (%(default)s)")
    add("--seed", type=whole, default=0, help="of problems and sampling (%(default)s)")
    add("--out", type=Path, required=True, metavar="DIR", help="folder for summary.json")


def run(options: argparse.Namespace, command: str) -> str:
    """Time what the command line asks for; return the report.

    Raises:
        UsageError: The variant, the backend or the device is not there.
        SettingError: A number is out of range.
    """
    settings = _settings(options)
    options.out.mkdir(parents=True, exist_ok=True)
    backend = Backend(options.backend, options.device, options.precision)
    try:
        result = time_cycles(settings, options.obstacles, options.repeat, backend)
    except KernelError as error:
        raise UsageError(str(error)) from None
    sums = totals(result)
    content = {
        "command": command,
        "version": __version__,
        "machine": f"{platform.machine()}, {os.cpu_count()} cores, Python"
        f" {platform.python_version()}",
        "settings": {
            "obstacles": options.obstacles,
            "repeat": options.repeat,
            **flatten(settings),
            "backend": options.backend,
            "device": _device_name(options),
            "precision": options.precision,
        },
        "totals": sums,
    }
    write_json(content, options.out / "summary.json")
    return table_of(settings, sums, backend)


def _settings(options: argparse.Namespace) -> ControllerSettings:
    variants = {row.name: row.choices for row in table(ControllerSettings)}["variant"]
    if options.variant not in variants:
        there = ", ".join(variants)
        raise UsageError(f"--variant {options.variant}: is not there yet; there is {there}")
    if options.device == "cuda" and options.backend != "torch":
        raise UsageError(f"--device cuda: not for --backend {options.backend}")
    if options.backend == "torch" and importlib.util.find_spec("torch") is None:
        raise UsageError("--backend torch: torch is not installed: pip install torch")
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


def _device_name(options: argparse.Namespace) -> str:
    if options.device == "cpu":
        return "cpu"
    import torch

    return f"cuda, {torch.cuda.get_device_name()}, torch {torch.__version__}"


def totals(result: SolveResult) -> dict[str, Any]:
    """Return the figures of summary.json."""
    per_iteration = np.array(result.cycle_times) / np.maximum(result.iterations, 1)
    return {
        "cycle_ms": percentiles_ms(result.cycle_times, (0, 50, 95, 99, 100)),
        "iteration_us": round(1e6 * float(np.median(per_iteration)), 2),
        "iterations": round(float(np.mean(result.iterations)), 2),
        "first_call_s": round(result.first_call, 3),
        "cost": round(result.cost, 6),
        "feasible": round(result.feasible, 4),
    }


def table_of(settings: ControllerSettings, sums: dict[str, Any], backend: Backend) -> str:
    """Return the figures as a Markdown table."""
    cycle = sums["cycle_ms"]
    columns = {
        "variant": settings.variant,
        "modes": str(algorithm_settings(settings).n_modes),
        "backend": f"{backend.name} {backend.device} {backend.precision}",
        **{f"cycle ms {name}": f"{cycle[name]:.3f}" for name in cycle},
        "iteration us": f"{sums['iteration_us']:.1f}",
        "first call s": f"{sums['first_call_s']:.2f}",
        "cost": f"{sums['cost']:.3f}",
    }
    rows = (columns.keys(), ["---"] * len(columns), columns.values())
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)
