"""`compare`: learned costs and baselines without learning."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch

from mme_ilqr_ros.command_line import positive_int
from mme_ilqr_ros.learning.structured import StructuredIDVIN
from mme_ilqr_ros.planning.weights import WeightsError, read_weights
from mme_ilqr_ros.progress_bar import ProgressBar
from mme_ilqr_ros.reporting.rows import facts, write_json
from mme_ilqr_ros.training.tasks import clearance
from mme_ilqr_ros.training.tasks.demonstrations import CostOf, MapSet, demonstrate
from mme_ilqr_ros.training.tasks.hidden_cost import TEST_SEED, HiddenCost, cost_of
from studies.compare import paths
from studies.compare.cloning import clone
from studies.compare.peers import (
    blind_oracle,
    tuned_features,
    tuned_inflation,
    uniform,
)
from studies.compare.pictures import draw_comparison
from studies.compare.table import Entrant, markdown, scores
from studies.tasks import lanes, terrain

ABOUT = "Learned costs and baselines without learning. Writes a table and pictures."
EXAMPLES = """\
examples:
  python -m studies compare terrain --weights out/training/terrain/terrain.safetensors
  python -m studies compare paths --maps config/maps --queries 30
"""
HIDDEN_COSTS: Mapping[str, HiddenCost] = {
    module.HIDDEN.name: module.HIDDEN for module in (terrain, lanes, clearance)
}
_UNIFORM, _INFLATION = "uniform cost", "inflation, tuned"
_DRAWN = 96  # cells along the map of the picture
_TUNING_MAPS = 60


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add a subcommand for every hidden cost, and `paths`."""
    subcommands = parser.add_subparsers(dest="task", required=True, metavar="WHAT")
    for name in sorted(HIDDEN_COSTS):
        text = (
            f"regret under the hidden cost of task {name}, on unseen maps: learned costs, uniform"
            " cost, inflation and hand-made features tuned on the true cost, behaviour cloning"
        )
        sub = subcommands.add_parser(name, help=text, description=text)
        add = sub.add_argument
        add("--weights", type=Path, nargs="+", required=True, help="weight files of this task")
        add("--maps", type=positive_int, default=400, help="for cloning to learn from, %(default)s")
        add("--seed", type=int, default=0, help="of those maps and of cloning, default %(default)s")
        _add_out(sub)
    text = (
        "length and clearance of paths on ROS maps: the shipped weights beside exact search on"
        " uniform cost, on a usual inflation and on the formula that `clearance` was learned from"
    )
    sub = subcommands.add_parser("paths", help=text, description=text)
    paths.add_options(sub)
    _add_out(sub)


def run(options: argparse.Namespace, command: str) -> str:
    """Compare; write table, summary and pictures; return the table."""
    options.out = options.out or Path("out", "compare", options.task)
    torch.set_num_threads(1)
    table, numbers = paths.run(options) if options.task == "paths" else _compare(options)
    write_json({**facts(command), **numbers}, options.out / "summary.json")
    (options.out / "table.md").write_text(table, encoding="utf-8")
    return f"{table}\nwrote table.md, summary.json and pictures into {options.out}"


def _add_out(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--out", type=Path, help="folder, default out/compare/WHAT")


def _learned(hidden: HiddenCost, file: Path) -> CostOf:
    """Return the cost that a weight file has learned.

    Raises:
        WeightsError: It cannot be used, or is of another task.
    """
    read = read_weights(file)
    if read.kind != hidden.name:
        raise WeightsError(f"{file}: weights of kind '{read.kind}' in place of '{hidden.name}'")
    encoder = hidden.encoder(torch.Generator())
    try:
        encoder.load_state_dict({k: torch.from_numpy(v) for k, v in read.tensors.items()})
    except RuntimeError as error:
        raise WeightsError(f"{file}: {str(error).splitlines()[0]}") from error
    return cost_of(StructuredIDVIN(encoder))


def _compare(options: argparse.Namespace) -> tuple[str, dict[str, object]]:
    """Compare on a hidden cost and draw one map; return the table as text and as numbers."""
    hidden = HIDDEN_COSTS[options.task]
    learned = {file.stem: _learned(hidden, file) for file in options.weights}
    options.out.mkdir(parents=True, exist_ok=True)
    training = hidden.draw(options.maps, hidden.size, np.random.default_rng(options.seed), False)
    peers, notes = _peers(training, options.seed)
    tests = hidden.tests()
    entrants = {**peers, **{f"learned: {name}": cost for name, cost in learned.items()}}
    with ProgressBar(len(entrants) * len(tests), "set") as bar:
        rows = scores(entrants, tests, bar.step)
    drawn = hidden.draw(1, _DRAWN, np.random.default_rng([TEST_SEED, 99]), False)
    first = next(iter(learned))
    shown = {"learned": learned[first], **{k: peers[k] for k in (_UNIFORM, _INFLATION)}}
    draw_comparison(options.out / "picture.png", drawn, shown)
    tuned = "".join(f"\n{name}: {note}\n" for name, note in notes.items())
    return markdown(rows) + tuned, {"tuned": notes, "rows": rows}


def _peers(training: MapSet, seed: int) -> tuple[dict[str, Entrant], dict[str, str]]:
    """Return what does not plan on a learned cost, and what its tuning found."""
    few = training.part(_TUNING_MAPS)
    inflation, inflated_by = tuned_inflation(few)
    features, featured_by = tuned_features(few)
    entrants: dict[str, Entrant] = {
        _UNIFORM: uniform,
        _INFLATION: inflation,
        "hand features, tuned": features,
    }
    if training.cost.ndim == 4:
        entrants["true cost, blind to direction"] = blind_oracle
    shown = demonstrate(training)
    entrants["behaviour cloning"] = clone(training, shown, seed)
    return entrants, {_INFLATION: inflated_by, "hand features, tuned": featured_by}
