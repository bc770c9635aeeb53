"""What the nodes have in common: quality of service, parameters, warnings, and how they run."""

from __future__ import annotations

import argparse
import inspect
import signal
import sys
from collections.abc import Sequence
from typing import Any, ClassVar, Generic, TypeVar

import rclpy
from builtin_interfaces.msg import Time
from rclpy.context import Context
from rclpy.executors import SingleThreadedExecutor
from rclpy.logging import get_logger
from rclpy.node import Node
from rclpy.parameter import Parameter
from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy
from rclpy.signals import SignalHandlerOptions
from rclpy.utilities import remove_ros_args

from mme_ilqr_ros.command_line import DONE, UNUSABLE_INPUT, OneLineParser
from mme_ilqr_ros.errors import InputError
from mme_ilqr_ros.nodes.diagnostics import ThrottledWarnings
from mme_ilqr_ros.nodes.parameters import NodeParameters

S = TypeVar("S")
_SIGNAL_LATENCY = 0.1  # s; longest wait before a signal is noticed

# Quality of service, with nav2's names. Commands, goals, paths: all must arrive.
STANDARD = QoSProfile(depth=10)
# Maps and plans: one value that a late subscriber still gets.
LATCHED = QoSProfile(
    depth=1,
    reliability=ReliabilityPolicy.RELIABLE,
    durability=DurabilityPolicy.TRANSIENT_LOCAL,
)
# The news of a latched topic that has more than one publisher: none displaces another's.
LATCHED_NEWS = QoSProfile(
    depth=10,
    reliability=ReliabilityPolicy.RELIABLE,
    durability=DurabilityPolicy.TRANSIENT_LOCAL,
)
# Streams of which only the newest counts; a best-effort subscriber takes every publisher.
SENSOR = QoSProfile(depth=10, reliability=ReliabilityPolicy.BEST_EFFORT)
# Of scans none waits behind another: on a busy machine ten of them are half a second.
NEWEST = QoSProfile(depth=1, reliability=ReliabilityPolicy.BEST_EFFORT)


class RunnableNode(Node, Generic[S]):
    """A node with its parameters as one settings object; a subclass gets ready in `set_up`.

    Attributes:
        NAME: Name of the node.
        SETTINGS: Settings class that declares its parameters.
        exit_status: None while it runs; a node that is done sets it, others end by signal only.
        warnings: Throttled, for the log.
    """

    NAME: ClassVar[str]
    SETTINGS: ClassVar[type]
    exit_status: int | None = None

    def __init__(
        self,
        *,
        context: Context | None = None,
        parameter_overrides: list[Parameter] | None = None,
    ) -> None:
        """Declare the parameters and get ready.

        Raises:
            InputError: A parameter is out of range, or names something that cannot be used.
        """
        super().__init__(self.NAME, context=context, parameter_overrides=parameter_overrides)
        self.warnings = ThrottledWarnings(self.get_logger())
        self._declared = NodeParameters(self, self.settings_class(), self.settings_changed)
        self.set_up(self.settings)

    def settings_class(self) -> type[Any]:
        """Return the class of the settings, when start-up parameters decide on it."""
        return self.SETTINGS

    def set_up(self, settings: S) -> None:
        """Get ready and connect to topics."""
        raise NotImplementedError

    def settings_changed(self, settings: S) -> None:
        """Take over settings that were changed at run time."""

    @property
    def settings(self) -> S:
        """The parameters in force."""
        return self._declared.settings

    def stamp(self) -> Time:
        """Return ROS time, for a header."""
        return self.get_clock().now().to_msg()

    def now(self) -> float:
        """Return ROS time in s."""
        return 1e-9 * self.get_clock().now().nanoseconds

    def stop(self) -> None:
        """Do what is left to do, e.g. publish a zero command; the context is still up."""


def run_node(
    node_class: type[RunnableNode],
    args: Sequence[str] | None = None,
    unusable: tuple[type[Exception], ...] = (),
) -> int:
    """Run a node until it sets `exit_status`, or SIGINT or SIGTERM ends it.

    Signals are handled here and not by rclpy, which would shut the context down at once and so
    swallow the stop command. `--help` prints the docstring of the node's module and starts nothing.

    Args:
        node_class: The node; it is made in the default context.
        args: Command line, `sys.argv` when None.
        unusable: Exceptions of its constructor, besides InputError, that mean unusable input.

    Returns:
        The node's exit status: 0 after a signal, 2 when it could not start with what it was given.
    """
    args = sys.argv[1:] if args is None else list(args)
    logger = get_logger(node_class.NAME)
    refusals: tuple[type[Exception], ...] = (InputError, *unusable)
    try:
        _parser(node_class).parse_args(remove_ros_args(["", *args])[1:])
        rclpy.init(args=args, signal_handler_options=SignalHandlerOptions.NO)
    except RuntimeError as error:  # an unreadable parameter file, an unknown --ros-args flag
        logger.fatal(f"--ros-args: {_one_line(error)}")
        return UNUSABLE_INPUT
    signals: list[int] = []
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda received, _frame: signals.append(received))
    try:
        node = node_class()
    except refusals as error:
        logger.fatal(_one_line(error))
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
    return DONE if node.exit_status is None else node.exit_status


def _parser(node_class: type[RunnableNode]) -> argparse.ArgumentParser:
    """Return the parser of what is left beside --ros-args: nothing but --help."""
    name, module = node_class.NAME, inspect.getmodule(node_class)
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
