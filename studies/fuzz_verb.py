"""The verb `fuzz`: hostile inputs through the local controller."""

from __future__ import annotations

import argparse
import sys
import warnings

import numpy as np

from mme_ilqr_ros.command_line import DONE, positive_int, whole
from mme_ilqr_ros.control.settings import ControllerSettings
from studies.fuzz import Found, Fuzz

ABOUT = """\
Give one local controller, at its usual settings, hostile inputs and sane ones in turn, and check
that nothing is raised but the documented refusal, that every command is finite and within limits
and rates, that every cycle is short enough, and that the next sane one drives as if nothing had
happened. Exit status 1 where something failed.
"""
EXAMPLES = """\
examples:
  python -m studies fuzz --inputs 20000 --seed 0
"""
MOST_MS = 70.0  # [ms] of a cycle: solve_time_share of the control period
SHOWN = 20


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the verb's arguments to its parser."""
    add = parser.add_argument
    add("--inputs", type=positive_int, default=20_000, help="hostile ones (%(default)s)")
    add("--seed", type=whole, default=0, help="of the inputs (%(default)s)")


def run(options: argparse.Namespace, command: str) -> int:
    """Run the inputs; print a summary and return the exit status."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # a division by zero is a failure too
        found = Fuzz(ControllerSettings(), options.seed).run(options.inputs)
    late = sum(ms > MOST_MS for ms in found.cpu_ms)
    sys.stdout.write(f"{summary(found)}\n")
    return 1 if found.failures or late else DONE


def summary(found: Found) -> str:
    """Return what was found, in words."""
    hostile = sum(found.outcomes.values())
    lines = [f"{hostile} hostile inputs, {found.sane} sane cycles between them"]
    lines += [f"  {count:6d}  {outcome}" for outcome, count in found.outcomes.most_common()]
    for clock, ms in (("processor", found.cpu_ms), ("wall", found.wall_ms)):
        median, high, most = np.percentile(ms, [50, 95, 100])
        late = sum(value > MOST_MS for value in ms)
        lines.append(
            f"cycle, {clock} time: median {median:.1f} ms, p95 {high:.1f} ms, max {most:.1f} ms;"
            f" {late} above {MOST_MS:g} ms"
        )
    lines.append(f"slowest: {found.slowest[0]:.1f} ms, {found.slowest[1]}")
    lines.append(f"failures: {len(found.failures)}")
    lines += [f"  {line}" for line in found.failures[:SHOWN]]
    if len(found.failures) > SHOWN:
        lines.append(f"  and {len(found.failures) - SHOWN} more")
    return "\n".join(lines)
