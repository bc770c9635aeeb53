"""The kinds of faults, and how each is done to an episode.

An honest one does not put a plausible wrong number in the place of a right one, so the robot has
all that it needs to stay clear of everything; a lying one may, and then only what the robot
commands and says can be judged, not what it runs into.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
from action_msgs.msg import GoalStatus
from nav_msgs.srv import GetPlan
from rclpy.parameter import Parameter
from rclpy.serialization import deserialize_message, serialize_message

from mme_ilqr_ros.geometry.pose import Pose
from mme_ilqr_ros.nodes.conversions import exact_stamp, path_message, pose_stamped, stamp_of
from mme_ilqr_ros.settings import table
from studies.faults.messages.operators import (
    CHANGES,
    NotPossibleError,
    copied,
    field,
    not_finite,
    spoilt_bytes,
    stamp,
)
from studies.faults.messages.world import FRAME
from studies.faults.trace import LIVE, GoalNews

if TYPE_CHECKING:
    from studies.faults.messages.episode import Episode

Rng = np.random.Generator
WEIGHTS = {
    **{"not finite": 30, "stamp": 15, "frame": 10, "repeated": 10, "late and out of order": 10},
    **{"flood": 3, "silence": 4, "bad parameter": 5, "service": 1},
    **{"new goal": 1, "bad goal": 3, "empty plan": 1, "clock jumps": 1, "clock stops": 1},
}
LIES = {
    **{"field": 60, "size": 25, "bytes": 40, "other bytes": 3},
    **{"good parameter": 3, "status": 2, "foreign plan": 2},
}
HONEST = tuple(name for name, weight in WEIGHTS.items() for _ in range(weight))
LYING = (*HONEST, *(name for name, weight in LIES.items() for _ in range(weight)), "pushed")
LYING = (*LYING, "restart")
KEPT = ("timeout", "tolerance", "patience", "frequency", "use_map", "robot", "variant")
"""Parts of the names of parameters that are left alone: the rules rest on them."""


class Kinds:
    """Does faults to an episode.

    Attributes:
        is_honest: Whether only honest ones happen.
    """

    def __init__(self, episode: Episode) -> None:
        self.is_honest = True
        self._episode = episode
        self._changed: dict[str, dict[str, Any]] = {}

    def apply(self, rng: Rng) -> str:
        """Let one fault happen; return its kind."""
        names = HONEST if self.is_honest else LYING
        while True:
            name = names[int(rng.integers(len(names)))]
            act: Callable[[Rng, str], None] = getattr(self, "_" + name.replace(" ", "_"))
            try:
                act(rng, name)
            except NotPossibleError:
                continue
            return name

    def undo(self) -> None:
        """Take back what lasts: parameters, and maps that were wrong."""
        episode = self._episode
        for node, values in self._changed.items():
            if node in episode.stage.nodes:
                told = [Parameter(name, value=value) for name, value in values.items()]
                episode.stage.nodes[node].set_parameters(told)
        self._changed.clear()
        episode.note_limits()
        if "map" in episode.profile.topics:
            episode.sane["map"] = episode.world.message("map", episode.stage.ros)
            episode.give("map", episode.sane["map"])

    def _topic(self, rng: Rng) -> str:
        topics = sorted(self._episode.sane)
        heavy = [t for t in topics if t in ("map", "evidence", "cost_to_go")]
        aims = [t for t in topics if t in ("goal_pose", "goal_status", "plan")]
        light = [t for t in topics if t not in heavy and t not in aims]
        draw = rng.random()  # a new goal at every moment would be no drive
        chosen = aims if aims and draw < 0.02 else heavy if heavy and draw < 0.2 else light
        return chosen[int(rng.integers(len(chosen)))]

    def _message(self, rng: Rng) -> tuple[str, Any]:
        topic = self._topic(rng)
        return topic, copied(self._episode.sane[topic])

    # ---- what every message can suffer ----

    def _not_finite(self, rng: Rng, name: str) -> None:
        topic, message = self._message(rng)
        not_finite(rng, message)
        self._give(topic, message, f"{topic} {name}")

    def _stamp(self, rng: Rng, name: str) -> None:
        topic, message = self._message(rng)
        stamp(rng, message, self._episode.stage.ros)
        self._give(topic, message, f"{topic} {name}")

    def _frame(self, rng: Rng, name: str) -> None:
        topic, message = self._message(rng)
        CHANGES["frame"](rng, message)
        self._give(topic, message, f"{topic} {name}")

    def _field(self, rng: Rng, name: str) -> None:
        topic, message = self._message(rng)
        for _ in range(int(rng.integers(1, 4))):
            field(rng, message)
        self._give(topic, message, f"{topic} {name}", lies=True)

    def _size(self, rng: Rng, name: str) -> None:
        topic, message = self._message(rng)
        CHANGES["size"](rng, message)
        self._give(topic, message, f"{topic} {name}", lies=True)

    def _bytes(self, rng: Rng, name: str) -> None:
        """Spoil the bytes: where the node reads them itself it gets them, else the middleware."""
        topic = self._topic(rng)
        data = spoilt_bytes(rng, serialize_message(self._episode.sane[topic]))
        self._episode.fault(f"{topic} {name}", 0.1, lies=True)
        self._episode.give(topic, data)
        try:
            message = deserialize_message(data, type(self._episode.sane[topic]))
        except Exception:  # the middleware's, which would drop it
            return
        if not self._is_raw(topic):
            self._episode.give(topic, message)

    def _other_bytes(self, rng: Rng, name: str) -> None:
        """Give a node that reads bytes those of another topic."""
        raw = [topic for topic in ("map", "plan", "evidence") if self._is_raw(topic)]
        if not raw:
            raise NotPossibleError
        to, topic = raw[int(rng.integers(len(raw)))], self._topic(rng)
        if to == topic:
            raise NotPossibleError
        self._episode.fault(f"{to} gets {topic}", 0.1, lies=True)
        self._episode.give(to, serialize_message(self._episode.sane[topic]))

    def _is_raw(self, topic: str) -> bool:
        nodes = self._episode.stage.nodes.values()
        subscriptions = (s for node in nodes for s in node.subscriptions)
        return any(s.raw and s.topic_name == f"/{topic}" for s in subscriptions)

    def _repeated(self, rng: Rng, name: str) -> None:
        topic, message = self._message(rng)
        self._episode.fault(f"{topic} {name}", 0.05)
        for _ in range(int(rng.integers(1, 5))):
            self._episode.give(topic, message)

    def _flood(self, rng: Rng, name: str) -> None:
        topic, message = self._message(rng)
        if topic in ("map", "evidence", "cost_to_go", "plan", "goal_pose"):
            raise NotPossibleError  # their cost is measured elsewhere
        self._episode.fault(f"{topic} {name}", 0.05)
        for _ in range(30):
            self._episode.give(topic, message)

    def _late_and_out_of_order(self, rng: Rng, name: str) -> None:
        past = self._episode.past
        topics = [topic for topic in sorted(past) if len(past[topic]) > 3]
        if not topics:
            raise NotPossibleError
        topic = topics[int(rng.integers(len(topics)))]
        self._episode.fault(f"{topic} {name}", 0.1)
        self._episode.give(topic, past[topic][int(rng.integers(len(past[topic])))])

    def _silence(self, rng: Rng, name: str) -> None:
        topics = [t for t in self._episode.profile.topics if t != "map"]
        topic, seconds = topics[int(rng.integers(len(topics)))], float(rng.uniform(0.1, 1.5))
        self._episode.fault(f"{topic} {name}", seconds)
        self._episode.silent[topic] = self._episode.stage.steady.now + seconds

    def _give(self, topic: str, message: Any, name: str, *, lies: bool = False) -> None:
        self._episode.fault(name, 0.1, lies=lies)
        self._episode.give(topic, message)
        if topic == "goal_status" and message.status in LIVE:
            self._note_live(message)

    # ---- parameters and services ----

    def _bad_parameter(self, rng: Rng, name: str) -> None:
        node, row = self._parameter(rng)
        values = (math.nan, math.inf, -1e300, 1e300, "text", ["a"], [1.0])
        value = values[int(rng.integers(len(values)))]
        self._set(node, row.name, value, name)

    def _good_parameter(self, rng: Rng, name: str) -> None:
        node, row = self._parameter(rng)
        low = row.low if row.low is not None else 0.0
        high = min(row.high if row.high is not None else 10.0, 1e3)
        value: Any = bool(rng.integers(2))
        if row.kind is float:
            value = float(rng.choice([low, high, rng.uniform(low, high)]))
        elif row.kind is int:
            value = int(min(max(row.default * rng.choice([0.5, 1.0, 1.5]), low), high))
        self._set(node, row.name, value, name)

    def _parameter(self, rng: Rng) -> tuple[str, Any]:
        nodes = sorted(self._episode.stage.nodes)
        node = nodes[int(rng.integers(len(nodes)))]
        rows = [
            row
            for row in table(self._episode.stage.nodes[node].settings_class())
            if row.dynamic and row.kind in (float, int, bool)
            if not any(part in row.name for part in KEPT)
        ]
        return node, rows[int(rng.integers(len(rows)))]

    def _set(self, node: str, parameter: str, value: Any, kind: str) -> None:
        owner = self._episode.stage.nodes[node]
        before = owner.get_parameter(parameter).value
        (result,) = owner.set_parameters([Parameter(parameter, value=value)])
        seconds = 1e3 if result.successful else 0.0
        self._episode.fault(f"{kind} {parameter} = {value!r:.40}", seconds, lies=bool(seconds))
        if result.successful:
            self._changed.setdefault(node, {}).setdefault(parameter, before)
        self._episode.note_limits()

    def _service(self, rng: Rng, name: str) -> None:
        calls = (("controller", "reset"), ("planner", "cancel"), ("planner", "make_plan"))
        node, service = calls[int(rng.integers(3))]
        request = None
        if service == "make_plan":
            request = GetPlan.Request(tolerance=float(rng.choice([-1.0, 0.0, 0.5, math.nan])))
            for end in (request.start, request.goal):
                end.pose.position.x, end.pose.position.y = map(float, rng.uniform(-4.0, 4.0, 2))
                if rng.random() < 0.3:
                    not_finite(rng, end)
        self._episode.fault(f"service {service}", 0.05)
        if self._episode.stage.call(node, service, request) is None:
            raise NotPossibleError

    # ---- goals and plans ----

    def _new_goal(self, rng: Rng, name: str) -> None:
        x, y = map(float, rng.uniform((-3.5, -2.5), (3.5, 2.5)))
        stamped = stamp_of(max(self._episode.stage.ros, 0.0))
        self._episode.fault(name)
        self._episode.send(pose_stamped(Pose(x, y, float(rng.uniform(-3, 3))), stamped, FRAME))

    def _bad_goal(self, rng: Rng, name: str) -> None:
        goal = copied(self._episode.sane["goal_pose"])
        if rng.random() < 0.7:
            not_finite(rng, goal)
        else:
            goal.pose.position.x = float(rng.choice([1e3, -1e9, 1e300]))
        self._episode.fault(name)
        self._episode.give("goal_pose", goal)

    def _empty_plan(self, rng: Rng, name: str) -> None:
        now = stamp_of(max(self._episode.stage.ros, 0.0))
        self._episode.fault(name)
        self._episode.give("plan", path_message(np.zeros((0, 2)), np.zeros(0), now, FRAME))

    def _foreign_plan(self, rng: Rng, name: str) -> None:
        """Send a plan of nobody's: into the unknown, fifty equal points, or back and forth."""
        here = self._episode.world.simulator.state.position
        count = int(rng.choice([1, 2, 50]))
        points = here + np.cumsum(rng.normal(scale=0.2, size=(count, 2)), axis=0)
        if rng.random() < 0.3:
            points[:] = points[0]
        now = stamp_of(max(self._episode.stage.ros - float(rng.choice([0.0, 3.0, 20.0])), 0.0))
        self._episode.fault(name, 0.1, lies=True)
        self._episode.give("plan", path_message(points, np.zeros(count), now, FRAME))

    def _status(self, rng: Rng, name: str) -> None:
        """Say something of a goal that nobody said: of the present one, or of one of its own."""
        message = GoalStatus(status=int(rng.choice([-1, 0, 1, 2, 3, 4, 5, 6, 100])))
        ours = self._episode.trace.news
        goal = ours[int(rng.integers(len(ours)))].goal if ours and rng.random() < 0.7 else 0
        goal = goal or int(rng.integers(1, 2**40))
        message.goal_info.stamp = exact_stamp(goal)
        self._episode.fault(name, 0.1, lies=True)
        self._episode.give("goal_status", message)
        if message.status in LIVE:
            self._note_live(message)

    def _note_live(self, message: GoalStatus) -> None:
        """Note that the nodes were told of a goal that is live."""
        at, now = message.goal_info.stamp, self._episode.stage.steady.now
        goal = max(at.sec * 10**9 + at.nanosec, 0)
        self._episode.trace.news.append(GoalNews(now, goal, message.status))

    # ---- time, place and processes ----

    def _clock_jumps(self, rng: Rng, name: str) -> None:
        seconds = float(rng.choice([-1000.0, -10.0, -1.0, -0.1, 0.1, 1.0, 10.0, 1e5]))
        self._episode.fault(f"{name} by {seconds:g} s", 0.5)
        self._episode.stage.ros = max(self._episode.stage.ros + seconds, 0.0)

    def _clock_stops(self, rng: Rng, name: str) -> None:
        self._episode.stalled = int(rng.integers(1, 20))
        self._episode.fault(name, 0.05 * self._episode.stalled)

    def _pushed(self, rng: Rng, name: str) -> None:
        """Let somebody put the robot elsewhere."""
        self._episode.fault(name, 5.0, lies=True)
        self._episode.world.place()

    def _restart(self, rng: Rng, name: str) -> None:
        """Start a node anew: its process was killed, and something starts it again."""
        nodes = sorted(self._episode.stage.nodes)
        node = nodes[int(rng.integers(len(nodes)))]
        self._episode.fault(f"{name} of {node}", 0.5, lies=True)
        self._episode.stage.remove(node)
        self._episode.start(node)
