"""The verb `gallery`: the pictures of README and docs, made again by their commands.

`docs/results/gallery.json` lists them: the commands of each, the file that these write, and what is
to be seen. The page docs/gallery.md is made of the same list.
"""

from __future__ import annotations

import argparse
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from PIL import Image

from mme_ilqr_ros.errors import InputError
from mme_ilqr_ros.progress_bar import ProgressBar
from mme_ilqr_ros.resources import share_path
from studies.kept import RESULTS, read_kept

ABOUT = """\
Make the pictures of docs/gallery.md again, each by the commands that the page names.
"""
EXAMPLES = """\
examples:
  python -m studies gallery --out docs/images
  python -m studies gallery trap.gif dock.gif --data ~/data --out out/gallery

Worlds and maps that are not in the repository (BARN, DynaBARN, local_dev) are looked for below
--data; a picture whose file is not there is left out, in one line.
"""
WIDTH = 1100  # [px] of a PNG at most
_PROGRAMS = {"mme-ilqr": ["-m", "mme_ilqr_ros"], "python": []}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the verb's arguments to its parser."""
    add = parser.add_argument
    add("names", nargs="*", metavar="NAME", help="of pictures; without one, all")
    add("--data", type=Path, metavar="DIR", help="holds worlds that are not in the repository")
    add("--out", type=Path, required=True, metavar="DIR", help="for the pictures")


def run(options: argparse.Namespace, command: str) -> str:
    """Make the pictures; return what became of each.

    Raises:
        InputError: A name is no picture's.
    """
    recipes = {row["key"]: row for row in read_kept(share_path(RESULTS))["gallery"].rows}
    if unknown := set(options.names) - recipes.keys():
        raise InputError(f"{min(unknown)}: no such picture; there are {', '.join(recipes)}")
    names = options.names or list(recipes)
    options.out.mkdir(parents=True, exist_ok=True)
    said = []
    with ProgressBar(len(names), "picture") as progress:
        for name in names:
            said.append(f"{name}: {make(recipes[name], options.data, options.out / name)}")
            progress.step(said[-1])
    return "\n".join(said)


def make(recipe: dict[str, Any], data: Path | None, target: Path) -> str:
    """Run the commands of a picture in a folder of their own; return what became of it."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for file, text in recipe.get("files", {}).items():
            (folder / file).write_text(text, encoding="utf-8")
        places = {file: _found(file, data) for file in recipe.get("data", ())}
        if missing := [file for file, place in places.items() if not place]:
            return f"left out: {missing[0]} is not below --data"
        for line in recipe["commands"]:
            done = _run([places.get(word, word) for word in shlex.split(line)], folder)
            # A robot that gets stuck is a result, and may be the one to be shown.
            if done.returncode not in (0, 1):
                return f"`{line}` failed: {(done.stderr.strip().splitlines() or ['?'])[-1]}"
        if not (folder / recipe["makes"]).is_file():
            return f"its commands wrote no {recipe['makes']}"
        keep(folder / recipe["makes"], target)
    return f"{target.stat().st_size / 1e3:.0f} kB"


def _found(file: str, data: Path | None) -> str:
    """Return the place of a file below a folder, or nothing."""
    return next((str(path.resolve()) for path in sorted(data.rglob(file))), "") if data else ""


def _run(words: Sequence[str], folder: Path) -> subprocess.CompletedProcess[str]:
    program, *arguments = words
    root = share_path()
    paths = [str(root), *filter(None, [os.environ.get("PYTHONPATH")])]
    arguments = [str(root / word) if word.startswith("config/") else word for word in arguments]
    return subprocess.run(
        [sys.executable, *_PROGRAMS[program], *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
        capture_output=True,
        text=True,
        check=False,
    )


def keep(made: Path, target: Path) -> None:
    """Copy a picture to where it belongs; one that is wider than a page is scaled down."""
    if made.suffix != ".png":
        shutil.copyfile(made, target)
        return
    picture = Image.open(made).convert("RGB")
    picture.thumbnail((WIDTH, 10 * WIDTH), Image.Resampling.LANCZOS)
    picture.save(target, optimize=True)
