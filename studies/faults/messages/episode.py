"""An episode: nodes from their start on, through bouts of faults and the quiet after each."""

from __future__ import annotations

import math
import traceback
from collections import Counter, deque
from collections.abc import Container
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from geometry_msgs.msg import Twist

from mme_ilqr_ros.nodes.cdr import read_odometry
from mme_ilqr_ros.nodes.controller_node import ControllerNode
from mme_ilqr_ros.nodes.conversions import MessageError
from mme_ilqr_ros.nodes.planner_node import PlannerNode
from studies.faults.messages.kinds import Kinds
from studies.faults.messages.stage import WANTED, Stage
from studies.faults.messages.world import PROFILES, Profile, World
from studies.faults.rules import broken
from studies.faults.trace import LIVE, Command, Fault, GoalNews, Limits, Sent, State, Trace

STEP = 0.05  # s of a control cycle
BELIEVED = 0.11  # s: whichever of the newest odometry a node took, in whatever order
SETTLE, QUIET = 10, 12  # steps of a goal before the faults, and of nothing after them
FEWEST, MOST = 40, 120  # steps with faults
DENSE = 25  # faults in a step at most
PATIENCE = 40.0  # s for a goal after the faults
ODOM_TIMEOUT, SCAN_TIMEOUT, OBSTACLES_TIMEOUT = 0.3, 0.3, 0.5  # s
EVERYTHING: Container[int] = range(10**9)


@dataclass
class Found:
    """What an episode, or many of them, found.

    Attributes:
        kinds: Faults by kind.
        outcomes: Bouts by how they ended.
        broken: A line for each case of a rule that was broken, with where it was.
        last: Number of the last fault before the first case; -1 without one.
    """

    kinds: Counter[str] = field(default_factory=Counter)
    outcomes: Counter[str] = field(default_factory=Counter)
    broken: list[tuple[str, str]] = field(default_factory=list)
    last: int = -1

    @property
    def faults(self) -> int:
        """How many there were."""
        return sum(self.kinds.values())


class Episode:
    """One episode, which depends on its seed and its number alone.

    Attributes:
        world: In which the robot drives.
        stage: The nodes.
        profile: How they are set up.
        trace: Of the present bout.
        sane: The newest message by topic, as it would be without a fault.
        silent: Until when [s] nothing is said on a topic.
        stalled: Steps for which the nodes' ROS time stands still.
    """

    def __init__(
        self, seed: int, number: int, domain: int, only: Container[int] = EVERYTHING
    ) -> None:
        """Make the nodes.

        Args:
            seed: Of the campaign.
            number: Of the episode in it.
            domain: Of ROS, for what the nodes publish.
            only: Faults that happen; the others are left out.
        """
        self.name = f"{seed}:{number}"
        self._seed, self._number, self._only = seed, number, only
        self.profile: Profile = PROFILES[number % len(PROFILES)]
        self.world = World(self.profile, np.random.default_rng((seed, number)))
        self.found, self.sane, self.silent = Found(), {}, {}
        self.stalled, self._index = 0, 0
        self._coming: deque[tuple[str, Any]] = deque()
        self.past: dict[str, deque[Any]] = {}
        self._limits: Limits | None = None
        self._believed: deque[tuple[float, tuple[float, float]]] = deque(maxlen=100)
        self.stage = Stage(self._heard, domain)
        self.trace = self._new_trace()
        self._kinds = Kinds(self)
        self.start("controller")
        self.start("planner")

    def start(self, name: str) -> None:
        """Start a node, if the profile has it; what is latched reaches it."""
        common = {"controller_frequency": 1.0 / STEP, "odom_timeout": ODOM_TIMEOUT}
        common |= {"scan_timeout": SCAN_TIMEOUT, "obstacles_timeout": OBSTACLES_TIMEOUT}
        if name == "controller":
            self.stage.add(name, ControllerNode, **{**common, **self.profile.controller})
            self._note_limits()
        elif self.profile.planner is not None:
            self.stage.add(name, PlannerNode, plan_patience=5.0, **self.profile.planner)
        for topic in ("map",) if "map" in self.profile.topics else ():
            self._coming.append((topic, self.world.message(topic, self.stage.ros)))

    def run(self, bouts: int) -> Found:
        """Go through some bouts; an exception of a node ends the episode."""
        try:
            for bout in range(bouts):
                self._bout(bout)
        except Exception as error:
            frames = traceback.extract_tb(error.__traceback__)
            ours = [f for f in frames if "/mme_ilqr_ros/" in f.filename] or frames
            place = " < ".join(f"{Path(f.filename).name}:{f.lineno}" for f in ours[:-4:-1])
            line = f"{type(error).__name__}: {error} ({place}); {self._before(math.inf)}"
            self._note("raises nothing", line)
            self.found.outcomes["raised"] += 1
        finally:
            self.stage.close()
        return self.found

    def _bout(self, number: int) -> None:
        rng = np.random.default_rng((self._seed, self._number, 10**6 + number))
        self._kinds.is_honest = bool(rng.random() < 0.5)
        self.trace = self._new_trace()
        self._send_goal(is_first=True)
        self._steps(SETTLE)
        for _ in range(int(rng.integers(FEWEST, MOST))):
            if self._is_over():
                break
            count, between = int(rng.integers(1, DENSE + 1)), bool(rng.integers(2))
            self._step(count, between)
        self._kinds.undo()
        self.silent.clear()
        self.stalled = 0
        if not self._is_over():
            self._steps(QUIET)
            self._send_goal()
            self._steps(round(PATIENCE / STEP), until_end=True)
        self._judge(number)

    def _one_fault(self) -> None:
        index, self._index = self._index, self._index + 1
        if index in self._only:
            rng = np.random.default_rng((self._seed, self._number, index))
            self.found.kinds[self._kinds.apply(rng)] += 1

    def fault(self, name: str, seconds: float = 0.0, *, lies: bool = False) -> None:
        """Write down a fault that lasts some seconds."""
        now = self.stage.steady.now
        self.trace.faults.append(Fault(now, now + seconds, name, lies))

    def give(self, topic: str, message: Any, published: float | None = None) -> None:
        """Give a message to who listens, and note whether odometry is of use."""
        if topic == "odom" and isinstance(message, bytes):
            self._note_believed(message)
        elif topic == "odom":
            twist, pose = message.twist.twist, message.pose.pose
            numbers = (twist.linear.x, twist.angular.z, pose.position.x, pose.position.y)
            if all(map(math.isfinite, numbers)):
                self.trace.inputs.setdefault("odom", []).append(self.stage.steady.now)
                said = twist.linear.x, twist.angular.z
                self._believed.append((self.stage.steady.now, said))
        elif topic in ("scan", "obstacles"):
            self.trace.inputs.setdefault(topic, []).append(self.stage.steady.now)
        self.stage.give(topic, message, published)

    def _note_believed(self, message: bytes) -> None:
        """Note what spoilt bytes of odometry say, where they can be read."""
        with suppress(MessageError):
            said = read_odometry(message).state
            self._believed.append((self.stage.steady.now, (said.vx, said.wz)))

    def send(self, goal: Any) -> None:
        """Send a goal."""
        now, place = self.stage.steady.now, goal.pose.position
        self.trace.sent.append(Sent(now, place.x, place.y))
        self.sane["goal_pose"] = goal
        self.give("goal_pose", goal)

    def _send_goal(self, is_first: bool = False) -> None:
        if is_first and self.world.simulator.collided:
            self.world.place()
            for name in list(self.stage.nodes):  # what was seen was seen from elsewhere
                self.stage.remove(name)
                self.start(name)
        self.send(self.world.goal(self.stage.ros))

    def _steps(self, count: int, until_end: bool = False) -> None:
        for _ in range(count):
            self._step()
            if (until_end and self._has_ended()) or self._is_over():
                return

    def _step(self, faults: int = 0, between: bool = False) -> None:
        """Let a control period pass: the robot drives, sensors speak, nodes answer.

        Args:
            faults: How many happen.
            between: Whether they come between the sensors and the nodes' work, else before both.
        """
        for _ in range(0 if between else faults):
            self._one_fault()
        for _ in range(2):
            self.world.step(0.5 * STEP)
            self._note_state()
            self._say("odom")
        for topic in ("obstacles", "scan"):
            if topic in self.profile.topics:
                self._say(topic)
        while self._coming:
            topic, message = self._coming.popleft()
            self.sane[topic] = message
            self.give(topic, message)
        for _ in range(faults if between else 0):
            self._one_fault()
        self.stage.pass_time(STEP, 0.0 if self.stalled > 0 else STEP)
        self.stalled -= self.stalled > 0

    def _say(self, topic: str) -> None:
        message = self.world.message(topic, self.stage.ros)
        self.sane[topic] = message
        self.past.setdefault(topic, deque(maxlen=40)).append(message)
        if self.stage.steady.now >= self.silent.get(topic, -math.inf):
            self.give(topic, message)

    def _heard(self, node: str, topic: str, message: Any) -> None:
        """Take what a node publishes to where it belongs."""
        now = self.stage.steady.now
        if topic == "cmd_vel":
            self._take_command(now, message if isinstance(message, Twist) else message.twist)
        elif topic == "goal_status":
            stamp = message.goal_info.stamp
            goal = stamp.sec * 10**9 + stamp.nanosec
            words = getattr(self.stage.nodes.get(node), "goal_words", "aborted: not said")
            reason = words.partition(": ")[2]
            self.trace.news.append(GoalNews(now, goal, message.status, reason))
            self._coming.append((topic, message))
        elif topic in ("plan", *WANTED):
            if topic == "plan":
                places = [(p.pose.position.x, p.pose.position.y) for p in message.poses]
                self.trace.published.append((now, topic, bool(np.isfinite(places).all())))
            self._coming.append((topic, message))

    def _take_command(self, now: float, twist: Twist) -> None:
        self.world.simulator.command(twist.linear.x, twist.angular.z)
        linear, angular = twist.linear, twist.angular
        numbers = linear.x, linear.y, linear.z, angular.x, angular.y, angular.z
        believed = tuple(said for t, said in self._believed if t > now - BELIEVED)
        self.trace.commands.append(Command(now, numbers, believed, self._limits))

    def _note_state(self) -> None:
        state, simulator = self.world.simulator.state, self.world.simulator
        now = self.stage.steady.now
        self.trace.states.append(State(now, state.x, state.y, state.yaw, state.vx, state.wz))
        if simulator.collided and self.trace.contact is None:
            self.trace.contact = now

    def _note_limits(self) -> None:
        s = self.stage.nodes["controller"].settings
        self._limits = Limits(s.vx_min, s.vx_max, s.wz_max, s.ax_max, s.az_max)

    note_limits = _note_limits

    def _is_over(self) -> bool:
        return self.trace.contact is not None

    def _has_ended(self) -> bool:
        """Whether the goal that was sent last has ended."""
        sent = self.trace.sent[-1].t
        return any(n.t >= sent and n.status not in LIVE for n in reversed(self.trace.news[-8:]))

    def _new_trace(self) -> Trace:
        spec = self.world.simulator.scenario.robot
        limits = Limits(spec.vx_min, spec.vx_max, spec.wz_max, spec.ax_max, spec.az_max)
        reaction = 2.0 * STEP
        deadline = {"odom": ODOM_TIMEOUT + reaction}
        braking = reaction + limits.braking
        if "scan" in self.profile.topics:
            deadline["scan"] = SCAN_TIMEOUT + braking
        if "obstacles" in self.profile.topics:
            deadline["obstacles"] = OBSTACLES_TIMEOUT + braking
        begin = self.stage.steady.now if hasattr(self, "stage") else 0.0
        # What came just before belongs to the bout too.
        inputs = {topic: [begin] for topic in deadline} if begin else {}
        is_new = not begin
        return Trace(
            limits, STEP, deadline, patience=PATIENCE - STEP, begins_idle=is_new, inputs=inputs
        )

    def _judge(self, bout: int) -> None:
        trace = self.trace
        trace.end = self.stage.steady.now
        for rule, cases in broken(trace).items():
            t, line = cases[0]
            self._note(rule, f"bout {bout}, {t:.2f} s: {line}; {self._before(t)}")
        lies = any(fault.lies for fault in trace.faults)
        self.found.outcomes[self._outcome() + (" (with lies)" if lies else "")] += 1

    def _before(self, t: float) -> str:
        names = [f"{f.name} ({f.t - t:+.2f} s)" for f in self.trace.faults if f.t <= t][-3:]
        return f"{self.profile.name}, after {', '.join(names) or 'no fault'}"

    def _outcome(self) -> str:
        if self.trace.contact is not None:
            return "contact"
        ends = [n for n in self.trace.news if n.t >= self.trace.sent[-1].t and n.status not in LIVE]
        return {4: "reached", 5: "cancelled", 6: "aborted"}.get(
            ends[-1].status if ends else 0, "no end"
        )

    def _note(self, rule: str, line: str) -> None:
        if not self.found.broken:
            self.found.last = self._index - 1
        self.found.broken.append((rule, f"{self.name} {line}"))
