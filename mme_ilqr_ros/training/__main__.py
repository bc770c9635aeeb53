"""Command line of the trainings: `python -m mme_ilqr_ros.training navigation --help`."""

from __future__ import annotations

import argparse
import shlex
import sys
from collections.abc import Mapping

try:
    import torch
except ModuleNotFoundError as error:
    sys.exit(f"training: {error.name} is missing; pip install 'mme_ilqr_ros[train]'")

from mme_ilqr_ros.training.commands import COMMANDS
from mme_ilqr_ros.training.options import add_tasks
from mme_ilqr_ros.training.run import run
from mme_ilqr_ros.training.task import Command, TrainingError

MODULE = "mme_ilqr_ros.training"


def main(
    arguments: list[str] | None = None,
    commands: Mapping[str, Command] = COMMANDS,
    module: str = MODULE,
) -> int:
    """Run a training; return 0, or 2 with one line on stderr for unusable input."""
    arguments = sys.argv[1:] if arguments is None else arguments
    parser = argparse.ArgumentParser(prog=f"python -m {module}")
    add_tasks(parser, commands)
    options = parser.parse_args(arguments)
    torch.set_num_threads(options.threads)
    try:
        print(run(options, shlex.join(["python", "-m", module, *arguments])))
    except (TrainingError, OSError) as error:
        print(f"training: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
