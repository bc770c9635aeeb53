"""The command line of the benchmark; `--help` of each verb says what it measures.

Exit status: 0 when the runs were done, whatever the robot did; 2 for unusable input, with one line
that names it; 130 after Ctrl-C.
"""

from __future__ import annotations

import argparse
import shlex
import sys
from collections.abc import Sequence

from mme_ilqr_ros.benchmark import drive_verb, solve_verb
from mme_ilqr_ros.benchmark.jobs import JobsError
from mme_ilqr_ros.benchmark.plan import verb as plan_verb
from mme_ilqr_ros.benchmark.usage import UsageError
from mme_ilqr_ros.settings import SettingError
from mme_ilqr_ros.simulation.scenario import ScenarioError

DONE, UNUSABLE_INPUT, INTERRUPTED = 0, 2, 130


class _Parser(argparse.ArgumentParser):
    """Says in one line what is wrong, and nothing else."""

    def error(self, message: str) -> None:
        self.exit(UNUSABLE_INPUT, f"benchmark: {message} (see {self.prog} --help)\n")


def main(args: Sequence[str] | None = None) -> int:
    """Run the command line; return the exit status."""
    args = sys.argv[1:] if args is None else list(args)
    options = parser().parse_args(args)
    command = shlex.join(["python", "-m", "mme_ilqr_ros.benchmark", *args])
    try:
        print(options.run(options, command))
    except (UsageError, ScenarioError, SettingError, JobsError) as error:
        print(f"benchmark: {error}", file=sys.stderr)
        return UNUSABLE_INPUT
    except OSError as error:
        print(f"benchmark: --out: {error}", file=sys.stderr)
        return UNUSABLE_INPUT
    except KeyboardInterrupt:
        print("\nbenchmark: interrupted", file=sys.stderr)
        return INTERRUPTED
    return DONE


def parser() -> argparse.ArgumentParser:
    """Return the parser of the whole command line."""
    whole = _Parser(
        prog="benchmark",
        description="Measures the package in worlds and problems that it was not tuned on.",
    )
    verbs = whole.add_subparsers(dest="verb", required=True, metavar="VERB")
    drive_verb.add_parser(verbs)
    solve_verb.add_parser(verbs)
    plan_verb.add_parser(verbs)
    return whole


if __name__ == "__main__":
    sys.exit(main())
