"""Runs nodes as a process: each in a thread of its own, while the main thread waits for signals.

So a signal is obeyed at any moment, also while a node compiles or a callback takes long.
"""

from __future__ import annotations

import argparse
import inspect
import os
import signal
import sys
import threading
import time
import traceback
from collections.abc import Sequence
from contextlib import suppress
from queue import Empty, SimpleQueue

import rclpy
from rclpy.executors import SingleThreadedExecutor
from rclpy.logging import get_logger
from rclpy.signals import SignalHandlerOptions
from rclpy.utilities import remove_ros_args

from mme_ilqr_ros.command_line import DONE, UNUSABLE_INPUT, OneLineParser
from mme_ilqr_ros.nodes.node import RunnableNode, one_line

CRASHED = 1
SIGNALS = (signal.SIGINT, signal.SIGTERM)
LATENCY = 0.1  # s; longest wait before a signal, or the end of a thread, is noticed
SWITCH = 5e-4  # s that a thread which reads a large message keeps commands waiting; Python: 5 ms
PATIENCE = 1.0  # s for the nodes to leave in good order; then the process ends without it


def run_node(node_class: type[RunnableNode], args: Sequence[str] | None = None) -> int:
    """Run one node; see `run_nodes`. `--help` prints the docstring of its module."""
    module = inspect.getmodule(node_class)
    return run_nodes(node_class.NAME, (module and module.__doc__) or "", (node_class,), args)


def run_nodes(
    name: str,
    about: str,
    node_classes: Sequence[type[RunnableNode]],
    args: Sequence[str] | None = None,
) -> int:
    """Run nodes in one process until one sets `exit_status`, or SIGINT or SIGTERM ends them.

    Signals are handled here and not by rclpy, which would shut the context down at once and so
    swallow the stop command. Whatever the nodes are doing, what moves is stopped at once, and the
    process ends within about `PATIENCE`.

    Args:
        name: Of the executable.
        about: What --help says of it.
        node_classes: The nodes; they are made in the default context.
        args: Command line, `sys.argv` when None.

    Returns:
        The exit status of the node that ended it, 2 when one could not start with what it was
        given. After a signal it does not return: the process ends here, with 0.
    """
    args = sys.argv[1:] if args is None else list(args)
    sys.setswitchinterval(SWITCH)
    news: SimpleQueue[object] = SimpleQueue()  # of signals and of ends
    for number in SIGNALS:
        signal.signal(number, lambda received, _frame: news.put(received))
    try:
        _parser(name, about, node_classes).parse_args(remove_ros_args(["", *args])[1:])
        rclpy.init(args=args, signal_handler_options=SignalHandlerOptions.NO)
    except RuntimeError as error:  # an unreadable parameter file, an unknown --ros-args flag
        get_logger(name).fatal(f"--ros-args: {one_line(error)}")
        return UNUSABLE_INPUT
    threads = [NodeThread(node_class, news) for node_class in node_classes]
    is_signal = _wait(news) in SIGNALS
    # Signals often come twice, from the terminal and from `ros2 launch`; the second one must not
    # kill nodes that are already leaving.
    for number in SIGNALS:
        signal.signal(number, signal.SIG_IGN)
    is_over = _leave(threads)
    status = next((thread.status for thread in threads if thread.status), DONE)
    if is_signal or not is_over:
        # Something takes long, such as compiling, or somebody waits for the end: Python takes half
        # a second of processor time to tear itself down.
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)
    return status


def _wait(news: SimpleQueue[object]) -> object:
    """Return the signal that came, or the node that ended."""
    while True:  # in slices: a signal that another thread received wakes nobody here
        with suppress(Empty):
            return news.get(timeout=LATENCY)


def _leave(threads: Sequence[NodeThread]) -> bool:
    """Stop what moves, and return whether the nodes left in good order in their time."""
    deadline = time.monotonic() + PATIENCE
    for thread in threads:
        thread.leave()
    if not all(thread.join(deadline) for thread in threads):
        return False
    last = threading.Thread(target=rclpy.try_shutdown, daemon=True)
    last.start()
    last.join(max(deadline - time.monotonic(), LATENCY))
    return not last.is_alive()


class NodeThread:
    """A thread in which a node is made, acts and leaves.

    Attributes:
        status: Exit status of the process as far as this node is concerned.
    """

    def __init__(self, node_class: type[RunnableNode], news: SimpleQueue[object]) -> None:
        """Make the node and let it act; its end is put into `news`."""
        self.status = DONE
        self._node_class, self._news = node_class, news
        self._node: RunnableNode | None = None
        self._is_leaving = False
        self._thread = threading.Thread(target=self._live, name=node_class.NAME, daemon=True)
        self._thread.start()

    def leave(self) -> None:
        """Stop what moves at once, and ask the node to leave."""
        self._is_leaving = True
        if self._node is not None:  # else it is being made, and has not moved anything
            self._node.silence()

    def join(self, deadline: float) -> bool:
        """Return whether it is over; waits for that until `deadline` [s, steady clock]."""
        self._thread.join(max(deadline - time.monotonic(), 0.0))
        return not self._thread.is_alive()

    def _live(self) -> None:
        try:
            self.status = self._run()
        except Exception:
            traceback.print_exc()
            self.status = CRASHED
        finally:
            self._news.put(self)

    def _run(self) -> int:
        try:
            node = self._node_class()
        except self._node_class.REFUSALS as error:
            get_logger(self._node_class.NAME).fatal(one_line(error))
            return UNUSABLE_INPUT
        self._node = node
        executor = SingleThreadedExecutor()
        executor.add_node(node)
        try:
            while not self._is_leaving and node.exit_status is None:
                executor.spin_once(timeout_sec=LATENCY)
        finally:
            node.leave()
            executor.shutdown()
            node.destroy_node()
        return DONE if node.exit_status is None else node.exit_status


def _parser(
    name: str, about: str, node_classes: Sequence[type[RunnableNode]]
) -> argparse.ArgumentParser:
    """Return the parser of what is left beside --ros-args: nothing but --help."""
    commands = " and ".join(f"`mme-ilqr params {node.NAME}`" for node in node_classes)
    verb = "prints" if len(node_classes) == 1 else "print"
    return OneLineParser(
        prog=name,
        usage="%(prog)s [--help] [--ros-args ...]",
        description=inspect.cleandoc(about),
        epilog=f"Parameters: {commands} {verb} them with units and ranges; change\n"
        "them with --ros-args --params-file FILE or --ros-args -p NAME:=VALUE.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
