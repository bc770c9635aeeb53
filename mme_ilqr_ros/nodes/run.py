"""The life of a node's process: start, spin, stop, exit status."""

from __future__ import annotations

import signal
from collections.abc import Callable, Sequence
from typing import Protocol

import rclpy
from rclpy.executors import SingleThreadedExecutor
from rclpy.logging import get_logger
from rclpy.signals import SignalHandlerOptions

from mme_ilqr_ros.settings import SettingError

OK, UNUSABLE_INPUT = 0, 2
_SIGNAL_LATENCY = 0.1  # s; longest wait before a signal is noticed


class RunnableNode(Protocol):
    """What `run_node` needs of a node."""

    exit_status: int | None

    def stop(self) -> None:
        """Say the last words, e.g. a zero command; the context is still up."""


def run_node(
    make_node: Callable[[], RunnableNode],
    name: str,
    args: Sequence[str] | None = None,
    unusable: tuple[type[Exception], ...] = (),
) -> int:
    """Run a node until it sets `exit_status`, or SIGINT or SIGTERM ends it.

    Signals are handled here and not by rclpy, which would shut the context down at once and so
    swallow the stop command.

    Args:
        make_node: Makes the node once the default context is up.
        name: Name for messages that come before the node exists.
        args: Command line, `sys.argv` when None.
        unusable: Exceptions of `make_node`, besides SettingError, that mean unusable input.

    Returns:
        The node's exit status: 0 after a signal, 2 when it could not start with what it was given.
    """
    try:
        rclpy.init(args=args, signal_handler_options=SignalHandlerOptions.NO)
    except RuntimeError as error:  # an unreadable parameter file, an unknown --ros-args flag
        get_logger(name).fatal(_one_line(error))
        return UNUSABLE_INPUT
    signals: list[int] = []
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda received, _frame: signals.append(received))
    try:
        node = make_node()
    except (SettingError, *unusable) as error:
        get_logger(name).fatal(_one_line(error))
        rclpy.try_shutdown()
        return UNUSABLE_INPUT
    executor = SingleThreadedExecutor()
    executor.add_node(node)
    try:
        while not signals and node.exit_status is None:
            executor.spin_once(timeout_sec=_SIGNAL_LATENCY)
    finally:
        # Ctrl-C often comes twice, from the terminal and from `ros2 launch`; the second one must
        # not kill a node that is already leaving.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        node.stop()
        executor.shutdown()
        node.destroy_node()
        rclpy.try_shutdown()
    return OK if node.exit_status is None else node.exit_status


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())
