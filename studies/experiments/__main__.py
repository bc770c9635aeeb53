"""Command line of the studies: `python -m studies.experiments navigation --help`."""

from __future__ import annotations

import argparse
import shlex
import sys
from collections.abc import Mapping
from pathlib import Path

try:
    import torch
except ModuleNotFoundError as error:
    sys.exit(f"experiments: {error.name} is missing; pip install 'mme_ilqr_ros[train]'")

from mme_ilqr_ros.training.task import TrainingError
from studies.experiments import runtime, stability, success, visual
from studies.experiments.study import PRESETS, Study, run_study

STUDIES: Mapping[str, Study] = {
    "navigation": success.NAVIGATION,
    "visual": visual.STUDY,
    "manipulation": success.MANIPULATION,
    "runtime": runtime.STUDY,
    "stability": stability.STUDY,
}
NOTE = """\
DIR gets results.csv (a row for each result), summary.json (the same, with command and machine)
and a picture named for the study; DIR/runs what each run left. A study that was stopped goes on
where it was when the same command is given again; finished runs are not repeated.
"""


def main(arguments: list[str] | None = None) -> int:
    """Run a study; return 0, or 2 with one line on stderr for unusable input."""
    arguments = sys.argv[1:] if arguments is None else arguments
    options = _parser().parse_args(arguments)
    torch.set_num_threads(1)
    name = options.study
    out = options.out or Path("out", "experiments", f"{name}-{options.preset}")
    command = shlex.join(["python", "-m", "studies.experiments", *arguments])
    try:
        if options.device == "cuda" and not torch.cuda.is_available():
            raise TrainingError("--device cuda: torch finds no GPU here; use --device cpu")
        kept = {"preset": options.preset, "device": options.device, "out": out}
        print(run_study(name, STUDIES[name], command=command, **kept))
    except (TrainingError, OSError) as error:
        print(f"experiments: {error}", file=sys.stderr)
        return 2
    return 0


def _parser() -> argparse.ArgumentParser:
    names = "\n".join(f"  {name:14}{study.about}" for name, study in STUDIES.items())
    parser = argparse.ArgumentParser(
        prog="python -m studies.experiments",
        description=f"Rerun a study: its table of runs, its figure.\n\n{names}",
        epilog=NOTE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("study", choices=STUDIES, metavar="STUDY", help="one of those above")
    add(
        "--preset",
        choices=PRESETS,
        default="quick",
        help="smallest: seconds, to see that it runs; quick: minutes on two cores; paper: as much"
        " as the papers, for a GPU; default %(default)s",
    )
    add("--device", choices=("cpu", "cuda"), default="cpu", help="default %(default)s")
    add("--out", type=Path, metavar="DIR", help="default out/experiments/STUDY-PRESET")
    return parser


if __name__ == "__main__":
    sys.exit(main())
