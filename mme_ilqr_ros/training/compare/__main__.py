"""Command line: `python -m mme_ilqr_ros.training.compare terrain --weights FILE...`."""

from __future__ import annotations

import argparse
import json
import shlex
import sys
from collections.abc import Mapping
from pathlib import Path

try:
    import torch
except ModuleNotFoundError as error:
    sys.exit(f"compare: {error.name} is missing; pip install 'mme_ilqr_ros[train]'")

import numpy as np
from tqdm import tqdm

from mme_ilqr_ros.planning.structured import StructuredIDVIN
from mme_ilqr_ros.planning.weights import WeightsError, read_weights
from mme_ilqr_ros.training.compare.cloning import clone
from mme_ilqr_ros.training.compare.peers import (
    blind_oracle,
    tuned_features,
    tuned_inflation,
    uniform,
)
from mme_ilqr_ros.training.compare.pictures import draw_comparison
from mme_ilqr_ros.training.compare.table import Entrant, markdown, scores
from mme_ilqr_ros.training.tasks import clearance, lanes, terrain
from mme_ilqr_ros.training.tasks.demonstrations import CostOf, MapSet, demonstrate
from mme_ilqr_ros.training.tasks.hidden_cost import TEST_SEED, HiddenCost, cost_of

WORLDS: Mapping[str, HiddenCost] = {
    module.WORLD.name: module.WORLD for module in (terrain, lanes, clearance)
}
_DRAWN = 96  # cells along the map of the picture
_TUNING_MAPS = 60


def main(arguments: list[str] | None = None) -> int:
    """Run the comparison; return 0, or 2 with one line on stderr for unusable input."""
    arguments = sys.argv[1:] if arguments is None else arguments
    options = _parser().parse_args(arguments)
    torch.set_num_threads(1)
    try:
        learned = {file.stem: _learned(WORLDS[options.task], file) for file in options.weights}
        _compare(WORLDS[options.task], learned, options, arguments)
    except (WeightsError, OSError) as error:
        print(f"compare: {error}", file=sys.stderr)
        return 2
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m mme_ilqr_ros.training.compare",
        description="Regret under the hidden cost, on unseen maps, of learned costs, uniform cost,"
        " inflation and hand-made features tuned on the true cost, and behaviour cloning. Writes"
        " table.md, summary.json and picture.png.",
    )
    add = parser.add_argument
    add("task", choices=sorted(WORLDS))
    add("--weights", type=Path, nargs="+", required=True, help="weight files of this task")
    add("--maps", type=int, default=400, help="maps that cloning learns from, default %(default)s")
    add("--seed", type=int, default=0, help="of those maps and of cloning, default %(default)s")
    add("--out", type=Path, default=Path("out", "compare"), help="folder, default %(default)s")
    return parser


def _learned(world: HiddenCost, file: Path) -> CostOf:
    """Return the cost that a weight file has learned.

    Raises:
        WeightsError: It cannot be used, or is of another task.
    """
    read = read_weights(file)
    if read.kind != world.name:
        raise WeightsError(f"{file}: weights of kind '{read.kind}' in place of '{world.name}'")
    encoder = world.encoder(torch.Generator())
    try:
        encoder.load_state_dict({k: torch.from_numpy(v) for k, v in read.tensors.items()})
    except RuntimeError as error:
        raise WeightsError(f"{file}: {str(error).splitlines()[0]}") from error
    return cost_of(StructuredIDVIN(encoder))


def _compare(
    world: HiddenCost,
    learned: dict[str, CostOf],
    options: argparse.Namespace,
    arguments: list[str],
) -> None:
    rng = np.random.default_rng(options.seed)
    training = world.draw(options.maps, world.size, rng, False)
    peers, notes = _peers(training, options.seed)
    tests = world.tests()
    entrants = {**peers, **{f"learned: {name}": cost for name, cost in learned.items()}}
    with tqdm(total=len(entrants) * len(tests), unit="set", dynamic_ncols=True) as bar:
        rows = scores(entrants, tests, bar.update)
    options.out.mkdir(parents=True, exist_ok=True)
    command = shlex.join(["python", "-m", "mme_ilqr_ros.training.compare", *arguments])
    summary = {"command": command, "tuned": notes, "rows": rows}
    (options.out / "summary.json").write_text(json.dumps(summary, indent=1), encoding="utf-8")
    (options.out / "table.md").write_text(markdown(rows), encoding="utf-8")
    drawn = world.draw(1, _DRAWN, np.random.default_rng([TEST_SEED, 99]), False)
    first = next(iter(learned))
    costs = {first: learned[first], **{k: v for k, v in peers.items() if callable(v)}}
    shown = {k: costs[k] for k in (first, "uniform cost", "inflation, tuned")}
    draw_comparison(options.out / "picture.png", drawn, shown)
    print(markdown(rows), *(f"{name}: {note}" for name, note in notes.items()), sep="\n")
    print(f"wrote table.md, summary.json and picture.png into {options.out}")


def _peers(training: MapSet, seed: int) -> tuple[dict[str, Entrant], dict[str, str]]:
    """Return what does not plan on a learned cost, and what its tuning found."""
    few = training.part(_TUNING_MAPS)
    inflation, inflated_by = tuned_inflation(few)
    features, featured_by = tuned_features(few)
    entrants: dict[str, Entrant] = {
        "uniform cost": uniform,
        "inflation, tuned": inflation,
        "hand features, tuned": features,
    }
    if training.cost.ndim == 4:
        entrants["true cost, blind to direction"] = blind_oracle
    shown = demonstrate(training, np.random.default_rng(seed))
    entrants["behaviour cloning"] = clone(training, shown, seed)
    return entrants, {"inflation, tuned": inflated_by, "hand features, tuned": featured_by}


if __name__ == "__main__":
    sys.exit(main())
