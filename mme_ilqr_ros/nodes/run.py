"""The life of a node's process: start, spin, stop, exit status."""

from __future__ import annotations

import argparse
import inspect
import signal
import sys
from collections.abc import Callable, Sequence
from types import ModuleType

import rclpy
from rclpy.executors import SingleThreadedExecutor
from rclpy.logging import get_logger
from rclpy.node import Node
from rclpy.signals import SignalHandlerOptions
from rclpy.utilities import remove_ros_args

from mme_ilqr_ros.command_line import UNUSABLE_INPUT, OneLineParser
from mme_ilqr_ros.errors import InputError

OK = 0
_SIGNAL_LATENCY = 0.1  # s; longest wait before a signal is noticed


class RunnableNode(Node):
    """A node that `run_node` runs.

    Attributes:
        exit_status: None while it runs; a node that is done sets it, others end by signal only.
    """

    exit_status: int | None = None

    def stop(self) -> None:
        """Do what is left to do, e.g. publish a zero command; the context is still up."""


def run_node(
    make_node: Callable[[], RunnableNode],
    name: str,
    args: Sequence[str] | None = None,
    unusable: tuple[type[Exception], ...] = (),
) -> int:
    """Run a node until it sets `exit_status`, or SIGINT or SIGTERM ends it.

    Signals are handled here and not by rclpy, which would shut the context down at once and so
    swallow the stop command. `--help` prints the docstring of the node's module and starts nothing.

    Args:
        make_node: Makes the node once the default context is up.
        name: Name of the node, for the help and for messages that come before it exists.
        args: Command line, `sys.argv` when None.
        unusable: Exceptions of `make_node`, besides InputError, that mean unusable input.

    Returns:
        The node's exit status: 0 after a signal, 2 when it could not start with what it was given.
    """
    args = sys.argv[1:] if args is None else list(args)
    try:
        _parser(name, inspect.getmodule(make_node)).parse_args(remove_ros_args(["", *args])[1:])
        rclpy.init(args=args, signal_handler_options=SignalHandlerOptions.NO)
    except RuntimeError as error:  # an unreadable parameter file, an unknown --ros-args flag
        get_logger(name).fatal(f"--ros-args: {_one_line(error)}")
        return UNUSABLE_INPUT
    signals: list[int] = []
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda received, _frame: signals.append(received))
    try:
        node = make_node()
    except Exception as error:
        if not isinstance(error, (InputError, *unusable)):
            raise
        get_logger(name).fatal(_one_line(error))
        rclpy.try_shutdown()
        return UNUSABLE_INPUT
    executor = SingleThreadedExecutor()
    executor.add_node(node)
    try:
        while not signals and node.exit_status is None:
            executor.spin_once(timeout_sec=_SIGNAL_LATENCY)
    finally:
        # Signals often come twice, from the terminal and from `ros2 launch`; the second one must
        # not kill a node that is already leaving.
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_IGN)
        node.stop()
        executor.shutdown()
        node.destroy_node()
        rclpy.try_shutdown()
    return OK if node.exit_status is None else node.exit_status


def _parser(name: str, module: ModuleType | None) -> argparse.ArgumentParser:
    """Return the parser of what is left beside --ros-args: nothing but --help."""
    return OneLineParser(
        prog=name,
        usage="%(prog)s [--help] [--ros-args ...]",
        description=inspect.cleandoc((module and module.__doc__) or ""),
        epilog=f"Parameters: `mme-ilqr params {name}` prints them with units and ranges; change\n"
        "them with --ros-args --params-file FILE or --ros-args -p NAME:=VALUE.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())
