"""The way of somebody new, timed: clone, page, picture, and then everything of their own.

Each step is one that README and tutorials tell them to do, in a clone of its own with an empty
virtual environment; what is compiled for this processor, and pip's downloads, may be there already.
"""

from __future__ import annotations

import argparse
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from mme_ilqr_ros.command_line import names
from mme_ilqr_ros.errors import InputError
from mme_ilqr_ros.reporting.rows import table

ABOUT = "Time what somebody new does, from a clone to a cost that they trained."
EXAMPLES = """\
examples:
  python -m studies first_hour
  python -m studies first_hour --folder /tmp/clone --only picture,goal     go on in a clone
"""
REPOSITORY = Path(__file__).resolve().parents[1]
PATIENCE = 1200.0  # s for one step
COLUMNS = {"step": "{step}", "what": "{what}", "seconds": "{seconds:.1f}", "left behind": "{left}"}


@dataclass(frozen=True)
class Step:
    """Something that somebody new does.

    Attributes:
        what: What they type, for people.
        act: Does it in the clone.
        leaves: A file that it has to leave there; empty for none.
    """

    what: str
    act: Callable[[Path], None]
    leaves: str = ""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the verb."""
    add = parser.add_argument
    add("--folder", type=Path, metavar="DIR", help="of the clone (a new one, removed at the end)")
    add("--only", default="", metavar="STEPS", help=f"of {', '.join(STEPS)} (all)")


def run(options: argparse.Namespace, _: str) -> str:
    """Do the steps; return a table of their times.

    Raises:
        InputError: A step failed, or left nothing behind.
    """
    wanted = names(options.only) or list(STEPS)
    if unknown := [name for name in wanted if name not in STEPS]:
        raise InputError(f"--only {unknown[0]}: is none of {', '.join(STEPS)}")
    with tempfile.TemporaryDirectory() as scratch:
        folder = options.folder or Path(scratch, "clone")
        rows = [_timed(name, STEPS[name], folder) for name in wanted]
    return table(rows, COLUMNS)


def _timed(name: str, step: Step, folder: Path) -> dict[str, object]:
    begun = time.monotonic()
    step.act(folder)
    seconds = time.monotonic() - begun
    sys.stderr.write(f"{name}: {seconds:.1f} s\n")
    if step.leaves and not (folder / step.leaves).is_file():
        raise InputError(f"{name}: {step.what} left no {step.leaves}")
    return {"step": name, "what": f"`{step.what}`", "seconds": seconds, "left": step.leaves or "-"}


def _clone(folder: Path) -> None:
    _call(["git", "clone", "--quiet", str(REPOSITORY), str(folder)], Path.cwd())


def _page(folder: Path) -> None:
    """Wait for the page of `make live`, look at it, and end it as Ctrl-C does."""
    with subprocess.Popen(
        ["make", "live"],
        cwd=folder,
        env={**os.environ, "BROWSER": "true"},  # a browser that opens nothing
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        try:
            url = _address(process.stdout or ())
            with urllib.request.urlopen(url, timeout=30.0) as page:
                if b"<canvas" not in page.read():
                    raise InputError(f"make live: {url} has no picture")
        finally:
            os.killpg(process.pid, signal.SIGINT)


def _address(lines: Iterable[str]) -> str:
    """Return the address that one of the lines is.

    Raises:
        InputError: None of them is one.
    """
    for line in lines:
        if line.startswith("http://"):
            return line.strip()
    raise InputError("make live: printed no address")


def _make(*arguments: str) -> Callable[[Path], None]:
    return lambda folder: _call(["make", *arguments], folder)


def _parameters(folder: Path) -> None:
    """Write all parameters, change one, and drive by them."""
    python = str(folder / ".venv" / "bin" / "python")
    printed = _call([python, "-m", "mme_ilqr_ros", "params"], folder)
    (folder / "mine.yaml").write_text(re.sub(r"vx_max: [\d.]+", "vx_max: 0.6", printed))
    _call(["make", "sim", "PARAMS=mine.yaml", "OUT=out/mine"], folder)


def _tutorial(name: str) -> Callable[[Path], None]:
    command = "-m studies tutorials --out out/tutorials --only"
    return lambda folder: _call([".venv/bin/python", *command.split(), name], folder)


def _call(command: Sequence[str], folder: Path) -> str:
    """Run a command that must succeed; return what it printed.

    Raises:
        InputError: It failed; with its last line.
    """
    done = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, timeout=PATIENCE, check=False
    )
    if done.returncode:
        last = ((done.stderr or done.stdout).strip().splitlines() or [""])[-1]
        raise InputError(f"{' '.join(command)}: exit status {done.returncode}: {last}")
    return done.stdout


STEPS = {
    "clone": Step("git clone", _clone, "Makefile"),
    "page": Step("make live", _page),
    "picture": Step("make sim", _make("sim"), "out/trap/run.png"),
    "goal": Step(
        'make sim GOAL="5 2"', _make("sim", "GOAL=5 2", "OUT=out/goal"), "out/goal/run.png"
    ),
    "parameters": Step("make sim PARAMS=mine.yaml", _parameters, "out/mine/run.png"),
    "map": Step("docs/tutorial_own_map.md", _tutorial("tutorial_own_map")),
    "robot": Step("docs/tutorial_own_robot.md", _tutorial("tutorial_own_robot")),
    "cost": Step("docs/tutorial_own_cost.md", _tutorial("tutorial_own_cost")),
}
"""In the order in which they follow one another."""
