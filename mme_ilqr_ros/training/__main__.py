"""Command line of the trainings: `python -m mme_ilqr_ros.training navigation --help`."""

from __future__ import annotations

import argparse
import hashlib
import shlex
import sys
import time
from pathlib import Path

import numpy as np
from tqdm import tqdm

try:
    import torch
except ModuleNotFoundError as error:
    sys.exit(f"training: {error.name} is missing; pip install 'mme_ilqr_ros[train]'")

from mme_ilqr_ros.planning.structured import ADJOINTS
from mme_ilqr_ros.planning.weights import SHIPPED, save_weights
from mme_ilqr_ros.training.card import Facts, write_card
from mme_ilqr_ros.training.evaluate import Score, evaluate
from mme_ilqr_ros.training.loop import Progress, TrainingError, TrainResult, TrainSettings, train
from mme_ilqr_ros.training.tasks.mazes import MazeError, MazeSet, generate_mazes, load_mazes

# Test mazes: size and how many. Their seed is never used for training data.
_TESTS = ((15, 300), (28, 100), (49, 50), (100, 16))
_TEST_SEED = 20_231_022


def main(arguments: list[str] | None = None) -> int:
    """Run a training; return 0, or 2 with one line on stderr for unusable input."""
    options = _parser().parse_args(arguments)
    torch.set_num_threads(options.threads)
    try:
        _navigation(options, arguments if arguments is not None else sys.argv[1:])
    except (MazeError, TrainingError, OSError) as error:
        print(f"training: {error}", file=sys.stderr)
        return 2
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m mme_ilqr_ros.training", description=__doc__)
    tasks = parser.add_subparsers(dest="task", required=True)
    task = tasks.add_parser("navigation", help="learn what walls cost from shortest paths in mazes")
    add = task.add_argument
    add("--data", type=Path, help="maze file (.npz) with splits train and val; default: generated")
    add("--maps", type=_positive, default=10_000, help="training maps, default %(default)s")
    add("--size", type=_positive, default=15, help="cells of a generated maze, default %(default)s")
    add("--epochs", type=_positive, default=1, help="default %(default)s")
    add("--batch", type=_positive, default=32, help="maps in a step, default %(default)s")
    add("--learning-rate", type=float, default=3e-2, help="peak, default %(default)s")
    add("--adjoint", choices=ADJOINTS, default="exact", help="gradient, default %(default)s")
    add("--seed", type=int, default=0, help="of everything random, default %(default)s")
    add("--threads", type=_positive, default=1, help="of torch, default %(default)s")
    add("--out", type=Path, default=Path("out", "training", SHIPPED), help="default %(default)s")
    return parser


def _positive(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"{value} is not above 0")
    return value


def _navigation(options: argparse.Namespace, arguments: list[str]) -> None:
    data, validation, source = _data(options)
    settings = TrainSettings(
        epochs=options.epochs,
        batch=options.batch,
        learning_rate=options.learning_rate,
        adjoint=options.adjoint,
        seed=options.seed,
    )
    begun = time.process_time()
    result = _with_bar(data, validation, settings)
    seconds = time.process_time() - begun
    scores = {"validation": result.score, **_tests(result)}
    for name, score in scores.items():
        print(
            f"{name:>12}: success {score.success:8.4%}  optimal {score.optimal:8.4%}"
            f"  of {score.n_starts} starts, residual {score.residual:.0e}"
        )
    command = shlex.join(["python", "-m", "mme_ilqr_ros.training", *arguments])
    facts = {"data": source, "seed": str(options.seed)}
    tensors = {k: v.numpy() for k, v in result.model.encoder.state_dict().items()}
    digest = save_weights(options.out, tensors, facts)
    card = write_card(options.out, Facts(command, source, settings, digest, seconds), scores)
    print(f"wrote {options.out} (sha256 {digest[:12]}...) and {card} after {seconds:.1f} s of CPU")


def _data(options: argparse.Namespace) -> tuple[MazeSet, MazeSet, str]:
    """Return training mazes, validation mazes and where they come from."""
    if options.data:
        data = load_mazes(options.data, "train").part(0, options.maps)
        digest = hashlib.sha256(options.data.read_bytes()).hexdigest()
        source = f"{options.data.name} (sha256 {digest}), {len(data)} maps of its split train"
        return data, load_mazes(options.data, "val"), source
    rng = np.random.default_rng(options.seed)
    data = generate_mazes(options.maps, options.size, rng)
    validation = generate_mazes(max(1, min(2000, options.maps // 5)), options.size, rng)
    return data, validation, f"{len(data)} generated mazes of {options.size} x {options.size}"


def _with_bar(data: MazeSet, validation: MazeSet, settings: TrainSettings) -> TrainResult:
    """Train under a progress bar, which also shows the time left."""
    with tqdm(unit="step", dynamic_ncols=True) as bar:

        def show(progress: Progress) -> None:
            bar.total = progress.n_steps
            bar.set_postfix(
                loss=f"{progress.loss:.4f}",
                success=f"{progress.success:.2%}",
                residual=f"{progress.residual:.0e}",
                refresh=False,
            )
            bar.update()

        return train(data, validation, settings, show)


def _tests(result: TrainResult) -> dict[str, Score]:
    rng = np.random.default_rng(_TEST_SEED)
    mazes = {f"{size} x {size}": generate_mazes(n, size, rng) for size, n in _TESTS}
    mazes["49 perfect"] = generate_mazes(30, 49, rng, openness=0.0)
    return {name: evaluate(result.model, maze) for name, maze in mazes.items()}


if __name__ == "__main__":
    sys.exit(main())
