"""The tutorials of docs/ as programs: their blocks are written, run, and their pictures kept.

A block whose first line is `# name.py` or `# name.yaml` is a file; a block `sh` is run, one of
`sh ros` where ROS 2 is installed; all others are to be read. Files that a page names in back quotes
as `folder/name.png` and the like have to be there in the end, and a picture of the page is a copy
of the one that is named last before it.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

from mme_ilqr_ros.errors import InputError

ABOUT = "Run the commands of the tutorials in docs/ one after the other, in one folder."
EXAMPLES = """\
examples:
  python -m studies tutorials --out out/tutorials
  python -m studies tutorials --out out/tutorials --pictures     renew the pictures of docs/
"""
REPOSITORY = Path(__file__).resolve().parents[1]
DOCS = REPOSITORY / "docs"
PAGES = ("tutorial_own_map", "tutorial_own_robot", "tutorial_own_cost")
"""Pages in the order in which they follow one another; own_drives.md has a verb of its own."""
_BLOCK = re.compile(r"^```(\w+)( ros)?\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_OUTPUT = re.compile(r"`((?:\w+/)+\w+\.(?:png|json|yaml|csv|md|safetensors))`")
_PICTURE = re.compile(r"!\[[^\]]*\]\(images/([\w.]+)\)")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the verb."""
    add = parser.add_argument
    add("--out", type=Path, default=Path("out", "tutorials"), metavar="DIR")
    add("--only", choices=PAGES, metavar="PAGE", help="one page, after those before it")
    add("--pictures", action="store_true", help="copy the pictures to docs/images")


def run(options: argparse.Namespace, _: str) -> str:
    """Run all tutorials.

    Raises:
        InputError: A command failed, or a file that a page names was not made.
    """
    options.out.mkdir(parents=True, exist_ok=True)
    pages = [options.only] if options.only else PAGES
    for name in pages:
        page = DOCS / f"{name}.md"
        follow(page, options.out)
        if options.pictures:
            for made, picture in pictures(page.read_text(encoding="utf-8")):
                shutil.copyfile(options.out / made, DOCS / "images" / picture)
    return f"{len(pages)} tutorials ran in {options.out}"


def follow(page: Path, folder: Path) -> None:
    """Do what a tutorial says in a folder.

    Raises:
        InputError: A command failed, or a file that the page names was not made.
    """
    text = page.read_text(encoding="utf-8")
    environment = _environment(folder)
    for kind, is_ros, body in _BLOCK.findall(text):
        first = re.match(r"# (\w+\.\w+)\n", body)
        if kind in ("python", "yaml") and first:
            (folder / first[1]).write_text(body, encoding="utf-8")
        elif kind == "sh" and not (is_ros and find_spec("rclpy") is None):
            done = subprocess.run(
                ["bash", "-e", "-c", body], cwd=folder, env=environment, check=False
            )
            if done.returncode:
                raise InputError(f"{page.name}: exit status {done.returncode} of:\n{body}")
    if find_spec("rclpy") is None:
        return
    for name in dict.fromkeys(_OUTPUT.findall(text)):
        if not (folder / name).is_file():
            raise InputError(f"{page.name} names {name}, which was not made")


def pictures(text: str) -> Iterator[tuple[str, str]]:
    """Yield (file that the page made, its copy in docs/images) of every picture of a page."""
    for match in _PICTURE.finditer(text):
        if made := _OUTPUT.findall(text[: match.start()]):
            yield made[-1], match[1]


def _environment(folder: Path) -> dict[str, str]:
    """Return an environment in which `python` and `mme-ilqr` are those of this checkout."""
    commands = folder.resolve() / "bin"
    commands.mkdir(exist_ok=True)
    for name, module in (("python", ""), ("mme-ilqr", "-m mme_ilqr_ros ")):
        script = commands / name
        script.write_text(f'#!/bin/sh\nexec "{sys.executable}" {module}"$@"\n')
        script.chmod(0o755)
    paths = [str(REPOSITORY), *filter(None, [os.environ.get("PYTHONPATH")])]
    return {
        **os.environ,
        "PATH": f"{commands}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": os.pathsep.join(paths),
    }
