"""`mme-ilqr train`: learn from drives, which needs no torch, or train the shipped weights anew."""

from __future__ import annotations

import argparse
import importlib
from collections.abc import Callable, Mapping
from typing import Any

from mme_ilqr_ros.command_line import OneLineParser
from mme_ilqr_ros.errors import InputError

TASKS: Mapping[str, str] = {
    "drives": "learn from drives on your map: places, what is seen, directions",
    "clearance": "train the shipped cost of low clearance again (needs torch)",
    "navigation": "train the shipped cost of walls again (needs torch)",
}
"""The tasks in the order of the help; the options of one are loaded when it is named."""

ABOUT = "Learn a cost for the planner and write it as a weight file with its card."
EXAMPLES = """\
examples:
  mme-ilqr train drives --map office.yaml --drives drives/ --out out/office
  mme-ilqr train clearance --seed 0 --out out/training/mine
  mme-ilqr train navigation --data mazes.npz

The folder of --out gets the weights and their card. To use them, set the planner's parameter
`weights` to the .safetensors file. `%(prog)s TASK --help` explains a task.
"""


class _Late(OneLineParser):
    """A parser whose arguments are added when it is used, with the libraries that they need."""

    fill: Callable[[argparse.ArgumentParser], None] | None = None

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        """Add the arguments, then parse."""
        if self.fill is not None:
            fill, self.fill = self.fill, None
            fill(self)
        return super().parse_known_args(args, namespace)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add a subcommand for every task."""
    subcommands = parser.add_subparsers(
        dest="task", required=True, metavar="TASK", parser_class=_Late
    )
    for name, text in TASKS.items():
        sub = subcommands.add_parser(
            name, help=text, formatter_class=argparse.RawDescriptionHelpFormatter
        )
        sub.fill = _fill_drives if name == "drives" else _filler(name)


def run(options: argparse.Namespace, command: str) -> str:
    """Learn as parsed options say; return the lines to print."""
    result: str = options.learn(options, command)
    return result


def _fill_drives(sub: argparse.ArgumentParser) -> None:
    verb = importlib.import_module("mme_ilqr_ros.training.drives")
    sub.description, sub.epilog = verb.ABOUT, verb.EXAMPLES
    verb.add_arguments(sub)
    sub.set_defaults(learn=verb.run)


def _filler(name: str) -> Callable[[argparse.ArgumentParser], None]:
    def fill(sub: argparse.ArgumentParser) -> None:
        try:
            verb = importlib.import_module("mme_ilqr_ros.training.verb")
        except ModuleNotFoundError as error:
            if (error.name or "").startswith("mme_ilqr_ros"):
                raise
            hint = "pip install 'mme_ilqr_ros[train]'"
            raise InputError(f"{error.name} is missing; {hint}") from error
        verb.add_task(sub, name, verb.COMMANDS[name])
        sub.set_defaults(learn=verb.run)

    return fill
