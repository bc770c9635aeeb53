"""The benchmark's command line; `--help` of each verb says what it measures."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from mme_ilqr_ros import command_line
from mme_ilqr_ros.command_line import Verb

VERBS = {
    "drive": Verb(
        "closed loop in worlds: success, collisions, times, scores",
        "mme_ilqr_ros.benchmark.drive_verb",
    ),
    "solve": Verb(
        "time of a control cycle, and the cost it reaches", "mme_ilqr_ros.benchmark.solve_verb"
    ),
    "plan": Verb(
        "global planners on grids: success, length, time", "mme_ilqr_ros.benchmark.plan.verb"
    ),
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; return the exit status."""
    return command_line.main(
        "python -m mme_ilqr_ros.benchmark",
        "Measures the package in worlds and problems that it was not tuned on.",
        VERBS,
        arguments,
    )


if __name__ == "__main__":
    sys.exit(main())
