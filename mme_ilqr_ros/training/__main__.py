"""Command line of the trainings: `python -m mme_ilqr_ros.training navigation --help`."""

from __future__ import annotations

import sys

try:
    import torch
except ModuleNotFoundError as error:
    sys.exit(f"training: {error.name} is missing; pip install 'mme_ilqr_ros[train]'")

from mme_ilqr_ros.training.distributed import join
from mme_ilqr_ros.training.options import parser
from mme_ilqr_ros.training.run import run
from mme_ilqr_ros.training.task import TrainingError


def main(arguments: list[str] | None = None) -> int:
    """Run a training; return 0, or 2 with one line on stderr for unusable input."""
    arguments = sys.argv[1:] if arguments is None else arguments
    options = parser().parse_args(arguments)
    torch.set_num_threads(options.threads)
    try:
        with join(options.device) as world:
            for line in run(options, arguments, world):
                print(line)
    except (TrainingError, OSError) as error:
        print(f"training: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
