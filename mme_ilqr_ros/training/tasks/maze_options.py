"""Which mazes to learn from: options, and what they mean."""

from __future__ import annotations

import argparse
import hashlib
from pathlib import Path

import numpy as np

from mme_ilqr_ros.training.arguments import positive, size_range
from mme_ilqr_ros.training.tasks.mazes import MazeSet, generate_mazes, load_mazes


def add_maze_options(parser: argparse.ArgumentParser) -> None:
    """Add the options that say which mazes to learn from."""
    add = parser.add_argument
    add("--data", type=Path, help="maze file (.npz) with splits train and val; default: generated")
    add("--maps", type=positive, default=10_000, help="training maps, default %(default)s")
    add(
        "--size",
        type=size_range,
        default=15,
        help="cells along a generated maze, or a range like 9-21; default %(default)s",
    )


def maze_data(options: argparse.Namespace, seed: int) -> tuple[MazeSet, MazeSet, str]:
    """Return training mazes, validation mazes and where they come from."""
    if options.data:
        data = load_mazes(options.data, "train").part(0, options.maps)
        digest = hashlib.sha256(options.data.read_bytes()).hexdigest()
        source = f"{options.data.name} (sha256 {digest}), {len(data)} maps of its split train"
        return data, load_mazes(options.data, "val"), source
    rng = np.random.default_rng(seed)
    data = generate_mazes(options.maps, options.size, rng)
    validation = generate_mazes(max(1, min(2000, options.maps // 5)), options.size, rng)
    sizes = [options.size] if isinstance(options.size, int) else options.size
    size = " to ".join(f"{n} x {n}" for n in sizes)
    return data, validation, f"{len(data)} generated mazes of {size}"
