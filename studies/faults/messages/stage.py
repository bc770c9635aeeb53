"""Real nodes whose time and threads are moved by hand, so that a run can be repeated exactly.

Messages are given to the callbacks of the nodes' own subscriptions, timers and services are called
when they are due, and jobs for other threads are done where they are asked for. What the nodes
publish goes through their real publishers, and is written down on the way.
"""

from __future__ import annotations

import inspect
import sys
import time as real_time
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from typing import Any

import rclpy
from rclpy.context import Context
from rclpy.logging import LoggingSeverity, set_logger_level
from rclpy.parameter import Parameter
from rclpy.serialization import serialize_message
from rosgraph_msgs.msg import Clock

from mme_ilqr_ros.nodes import threads
from mme_ilqr_ros.nodes.conversions import exact_stamp

BEGIN = 1_000.0  # s: of time when a run begins
QUIET = LoggingSeverity.FATAL
WANTED = ("cost_to_go", "evidence")  # is made for whoever listens, which by hand nobody does


class HandTime:
    """Stands in for the module `time` in the nodes' modules: steady time is moved by hand."""

    def __init__(self) -> None:
        self.now = BEGIN

    def monotonic(self) -> float:
        """Return steady time in s."""
        return self.now

    def time(self) -> float:
        """Return the system's time in s."""
        return self.now

    def time_ns(self) -> int:
        """Return the system's time in ns."""
        return round(1e9 * self.now)

    def __getattr__(self, name: str) -> Any:
        return getattr(real_time, name)


class Job:
    """Stands in for `Background`: a job is done where it is asked for."""

    def do(self, name: str, job: Callable[[], None]) -> None:
        """Do a job."""
        job()

    def close(self) -> None:
        """Do nothing."""


class Looks:
    """Stands in for `Watchdog`: looks when it is due."""

    def __init__(self, look: Callable[[], float]) -> None:
        self.look, self.due = look, 0.0

    def close(self) -> None:
        """Look no more."""
        self.due = float("inf")


Heard = Callable[[str, str, Any], None]


class Stage:
    """Nodes, and the time in which they live.

    Attributes:
        nodes: By name.
        steady: Steady time.
        ros: ROS time in s, which faults may move by themselves.
    """

    def __init__(self, heard: Heard, domain: int) -> None:
        """Begin without nodes.

        Args:
            heard: Called with node, topic and message for all that is published.
            domain: Of ROS, in which it is published.
        """
        self.steady, self.ros = HandTime(), BEGIN
        self.nodes: dict[str, Any] = {}
        self._context, self._heard = Context(), heard
        self._watchdogs: dict[str, list[Looks]] = {}
        self._due: dict[int, float] = {}
        self._being_made = ""
        rclpy.init(context=self._context, domain_id=domain)

    def close(self) -> None:
        """Take everything down."""
        for name in list(self.nodes):
            self.remove(name)
        for name, module in list(sys.modules.items()):
            if name.startswith("mme_ilqr_ros.") and getattr(module, "time", None) is self.steady:
                module.time = real_time  # type: ignore[attr-defined]
        rclpy.try_shutdown(context=self._context)

    def add(self, name: str, node_class: type, **parameters: Any) -> None:
        """Make a node; `scan__beams` stands for the parameter `scan.beams`."""
        set_logger_level(name, QUIET)
        told = {"use_sim_time": True, **parameters}
        overrides = [Parameter(n.replace("__", "."), value=v) for n, v in told.items()]
        self._being_made, self._watchdogs[name] = name, []
        with self._by_hand():
            kind = _observed(node_class, lambda topic, message: self._heard(name, topic, message))
            self.nodes[name] = kind(context=self._context, parameter_overrides=overrides)
        self.tell_time(name)

    def remove(self, name: str) -> None:
        """Take a node away, as if its process were killed."""
        self.nodes.pop(name).destroy_node()

    @contextmanager
    def _by_hand(self) -> Iterator[None]:
        """Give the modules of the nodes our time and threads; they stay with what is made."""
        named = [m for n, m in list(sys.modules.items()) if n.startswith("mme_ilqr_ros.nodes.")]
        kept = [
            (m, n, getattr(m, n))
            for m in named
            for n in ("Background", "Watchdog", "time")
            if hasattr(m, n)
        ]
        for module, name, value in kept:
            if name == "time":
                if value is real_time or isinstance(value, HandTime):
                    setattr(module, name, self.steady)
            elif module is not threads:
                setattr(module, name, Job if name == "Background" else self._looks)
        try:
            yield
        finally:
            for module, name, value in kept:
                if name != "time":
                    setattr(module, name, value)

    def _looks(self, look: Callable[[], float]) -> Looks:
        made = Looks(look)
        self._watchdogs[self._being_made].append(made)
        return made

    def tell_time(self, name: str) -> None:
        """Give a node the present ROS time, as /clock would."""
        message = Clock(clock=exact_stamp(max(round(1e9 * self.ros), 0)))
        for subscription in self.nodes[name].subscriptions:
            if subscription.topic_name == "/clock":
                subscription.callback(message)

    def give(self, topic: str, message: Any, published: float | None = None) -> int:
        """Give a message, or the bytes of one, to all nodes that listen; return how many do."""
        count = 0
        sent = self.steady.now if published is None else published
        info = {"source_timestamp": round(1e9 * sent), "received_timestamp": round(1e9 * sent)}
        for node in list(self.nodes.values()):
            for subscription in list(node.subscriptions):
                if subscription.topic_name.removeprefix("/") != topic:
                    continue
                count += 1
                given = message
                if subscription.raw:
                    given = message if isinstance(message, bytes) else serialize_message(message)
                elif isinstance(message, bytes):
                    continue
                if subscription._callback_type is subscription.CallbackType.WithMessageInfo:
                    subscription.callback(given, info)
                else:
                    subscription.callback(given)
        return count

    def call(self, node: str, service: str, request: Any = None) -> Any:
        """Call a service of a node, by the last part of its name; None where it has none."""
        for server in self.nodes[node].services if node in self.nodes else ():
            if server.srv_name.endswith(f"/{service}"):
                request = server.srv_type.Request() if request is None else request
                answer = server.callback(request, server.srv_type.Response())
                return _finished(answer) if inspect.iscoroutine(answer) else answer
        return None

    def pass_time(self, seconds: float, ros: float | None = None) -> None:
        """Let time pass: call what is due, in the order in which nodes were made.

        Args:
            seconds: Of steady time.
            ros: Of ROS time, where it is another one.
        """
        self.steady.now += seconds
        self.ros += seconds if ros is None else ros
        now = self.steady.now
        for name, node in list(self.nodes.items()):
            self.tell_time(name)
            for timer in list(node.timers):
                period = 1e-9 * timer.timer_period_ns
                due = self._due.setdefault(id(timer), now + period)
                if now >= due - 1e-6:
                    self._due[id(timer)] = max(due + period, now)
                    timer.callback()
            for watchdog in self._watchdogs[name]:
                if now >= watchdog.due:
                    watchdog.due = now + watchdog.look()


def _observed(node_class: type, heard: Callable[[str, Any], None]) -> type:
    """Return the same kind of node, whose publications are written down."""

    class Observed(node_class):  # type: ignore[valid-type,misc]
        def create_publisher(self, kind: Any, topic: str, *others: Any, **more: Any) -> Any:
            publisher = super().create_publisher(kind, topic, *others, **more)
            publish = publisher.publish

            def observed(message: Any) -> None:
                publish(message)
                heard(topic, message)

            publisher.publish = observed
            if topic in WANTED:
                publisher.get_subscription_count = lambda: 1
            return publisher

    Observed.__name__ = node_class.__name__
    return Observed


def _finished(answer: Coroutine[Any, Any, Any]) -> Any:
    """Return what a coroutine returns; here jobs are done at once, so it waits for nothing."""
    try:
        answer.send(None)
    except StopIteration as end:
        return end.value
    answer.close()
    return None
