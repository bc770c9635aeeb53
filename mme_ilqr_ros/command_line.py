"""Command lines with verbs: one parser, one-line errors and one set of exit statuses for all.

A verb is a module, loaded when its name is given, so that `--help` of the whole costs nothing and
needs none of the verbs' libraries. Exit status: what the verb returns, 0 after a report, 2 for
unusable input with one line that names it, 130 after Ctrl-C.
"""

from __future__ import annotations

import argparse
import difflib
import importlib
import math
import shlex
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, cast

from mme_ilqr_ros import __version__
from mme_ilqr_ros.errors import InputError

DONE, UNUSABLE_INPUT, INTERRUPTED = 0, 2, 130
MOST_DIGITS = 9  # of a whole number


class VerbModule(Protocol):
    """What the module of a verb holds."""

    ABOUT: str
    EXAMPLES: str

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Add the verb's arguments to its parser."""
        ...

    def run(self, options: argparse.Namespace, command: str) -> str | int:
        """Do what was asked; return the report to print, or an exit status.

        Args:
            options: The parsed arguments.
            command: The command as typed, for summary.json.

        Raises:
            InputError: Something given cannot be used.
        """
        ...


@dataclass(frozen=True)
class Verb:
    """A verb of a command line.

    Attributes:
        help: A line for the list of verbs.
        module: Dotted name of its `VerbModule`.
        extra: The package's pip extra that it needs, if any.
    """

    help: str
    module: str
    extra: str = ""


class OneLineParser(argparse.ArgumentParser):
    """Says in one line what is wrong, and nothing else."""

    def error(self, message: str) -> None:  # type: ignore[override]
        """Say what is wrong and leave."""
        self.exit(UNUSABLE_INPUT, f"{self.prog}: {message} (see {self.prog} --help)\n")


def main(
    prog: str,
    about: str,
    verbs: Mapping[str, Verb],
    arguments: Sequence[str] | None = None,
    examples: str = "",
) -> int:
    """Run a command line with verbs; return the exit status.

    Args:
        prog: How it is called, e.g. `python -m studies`.
        about: What it is for, in a sentence or two.
        verbs: By name, in the order of the help.
        arguments: Of the command line; None for the process's own.
        examples: What the help of the whole ends with.
    """
    arguments = sys.argv[1:] if arguments is None else list(arguments)
    chosen = next((word for word in arguments if not word.startswith("-")), None)
    name = f"{prog} {chosen}" if chosen in verbs else prog
    try:
        options = _parsed(_parser(prog, about, verbs, chosen, examples), arguments)
        result = options.run(options, shlex.join([*prog.split(), *arguments]))
    except (InputError, OSError) as error:
        return _fail(UNUSABLE_INPUT, f"{name}: {error}")
    except KeyboardInterrupt:
        return _fail(INTERRUPTED, f"\n{name}: interrupted")
    if isinstance(result, int):
        return result
    sys.stdout.write(f"{result}\n")
    return DONE


def _parser(
    prog: str, about: str, verbs: Mapping[str, Verb], chosen: str | None, examples: str
) -> argparse.ArgumentParser:
    """Return the parser of the whole, with the arguments of the chosen verb only."""
    parser = OneLineParser(
        prog=prog,
        description=about,
        epilog=examples,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"mme_ilqr_ros {__version__}")
    inside = parser.add_subparsers(dest="verb", required=True, metavar="VERB")
    for name, verb in verbs.items():
        if name != chosen:
            inside.add_parser(name, help=verb.help)
            continue
        module = _load(verb)
        own = inside.add_parser(
            name,
            help=verb.help,
            description=module.ABOUT,
            epilog=module.EXAMPLES,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        own.set_defaults(run=module.run, parser_of_verb=own)
        module.add_arguments(own)
    return parser


def _parsed(parser: argparse.ArgumentParser, arguments: Sequence[str]) -> argparse.Namespace:
    """Return the options; what no argument takes is refused in the name of the verb."""
    options, unknown = parser.parse_known_args(arguments)
    if unknown:
        word = unknown[0]
        own = options.parser_of_verb
        known = [flag for action in own._actions for flag in action.option_strings]
        near = difflib.get_close_matches(word.split("=")[0], known, n=1)
        hint = f"; did you mean {near[0]}?" if near else ""
        own.error(f"there is no argument '{word}'{hint}")
    del options.parser_of_verb
    return options


def _load(verb: Verb) -> VerbModule:
    """Return the module of a verb.

    Raises:
        InputError: A library that it needs is missing.
    """
    try:
        return cast(VerbModule, importlib.import_module(verb.module))
    except ModuleNotFoundError as error:
        if not verb.extra or (error.name or "").startswith(("mme_ilqr_ros", "studies")):
            raise
        hint = f"pip install 'mme_ilqr_ros[{verb.extra}]'"
        raise InputError(f"{error.name} is missing; {hint}") from error


def _fail(status: int, line: str) -> int:
    sys.stderr.write(f"{line}\n")
    return status


def positive(text: str) -> float:
    """Return a finite number above 0."""
    value = _number(text)
    if not value > 0.0:
        raise argparse.ArgumentTypeError(f"'{text}' must be a number above 0")
    return value


def not_negative(text: str) -> float:
    """Return a finite number from 0 on."""
    value = _number(text)
    if not value >= 0.0:
        raise argparse.ArgumentTypeError(f"'{text}' must be a number from 0 on")
    return value


def _number(text: str) -> float:
    """Return a finite number, or nan."""
    try:
        value = float(text)
    except ValueError:
        return math.nan
    return value if math.isfinite(value) else math.nan


def whole(text: str) -> int:
    """Return a whole number from 0 on."""
    if not _is_whole(text):
        raise argparse.ArgumentTypeError(f"'{text}' must be a whole number from 0 on")
    return int(text)


def positive_int(text: str) -> int:
    """Return a whole number above 0."""
    if not _is_whole(text) or int(text) == 0:
        raise argparse.ArgumentTypeError(f"'{text}' must be a whole number above 0")
    return int(text)


def _is_whole(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= MOST_DIGITS


def names(text: str) -> list[str]:
    """Return the names in a list like `a,b,c`."""
    return [name.strip() for name in text.split(",") if name.strip()]
