"""Hostile and sane inputs in turn through one controller, and what has to hold all the time.

A second controller, the shadow, is given the same inputs, but no goal where the first one refused
its input: both brake. So whatever the first one remembers of what it refused shows in the next
sane cycle, in which both must command the same.
"""

from __future__ import annotations

import dataclasses
import math
import time
import traceback
from collections import Counter
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from mme_ilqr_ros.control.controller import ControlResult, ControlStatus, LocalController
from mme_ilqr_ros.control.settings import ControllerSettings
from mme_ilqr_ros.control.situation import Situation
from mme_ilqr_ros.errors import InputError
from mme_ilqr_ros.geometry.circles import as_circles
from mme_ilqr_ros.geometry.distance_field import build_distance_field
from mme_ilqr_ros.geometry.path import Path
from mme_ilqr_ros.geometry.pose import Pose, RobotState
from studies.hostile import hostile

START, GOAL = RobotState(0.0, 0.0, 0.0), Pose(6.0, 0.0, 0.0)
GOING = (ControlStatus.DRIVING, ControlStatus.GOAL_REACHED)
ROUNDING = 1e-9
SAME = 1e-6  # [m/s], [rad/s] between the commands of controller and shadow


@dataclass
class Found:
    """What a run found.

    Attributes:
        outcomes: How often each thing happened to a hostile input.
        failures: Lines that name the input, by what it violates.
        cpu_ms: Processor time of each cycle, the making of its input included [ms].
        wall_ms: Its time on the wall clock [ms].
        slowest: Processor time [ms] and input of the slowest cycle.
        sane: Sane cycles that were checked.
    """

    outcomes: Counter[str] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)
    cpu_ms: list[float] = field(default_factory=list)
    wall_ms: list[float] = field(default_factory=list)
    slowest: tuple[float, str] = (0.0, "")
    sane: int = 0


class Fuzz:
    """One sequence of inputs.

    Args:
        settings: Of both controllers.
        seed: Input number i depends on the seed and i, and on nothing else but where the robot is.
    """

    def __init__(self, settings: ControllerSettings, seed: int) -> None:
        self.found = Found()
        self._seed, self._settings = seed, settings
        self._period = 1.0 / settings.controller_frequency
        self._controller, self._shadow = (
            LocalController(settings, realtime=False) for _ in range(2)
        )
        for controller in (self._controller, self._shadow):
            controller.warm_up()
        self._state, self._now, self._command = START, 0.0, np.zeros(2)
        self._scenery = _scenery()
        self._sane_cycle("the start")

    def run(self, count: int) -> Found:
        """Give some hostile inputs, each time in runs of one to three, and sane ones after them."""
        for i in range(count):
            rng = np.random.default_rng((self._seed, i))
            name, make = hostile(rng, self._sane())
            name = f"input {i} ({name})"
            self._hostile_cycle(name, make)
            if rng.random() < 0.6 or i == count - 1:
                self._sane_cycle(name)
        return self.found

    def _sane(self) -> Situation:
        return Situation(self._state, GOAL, self._now, **self._scenery)

    def _hostile_cycle(self, name: str, make) -> None:
        wall, cpu = time.perf_counter(), time.thread_time()
        try:
            situation = make()
        except InputError as error:
            self.found.outcomes["refused when made"] += 1
            self._check_one_line(name, str(error))
            return
        except Exception as error:
            self.found.outcomes["failed"] += 1
            self._fail(name, f"making it raised {_described(error)}")
            return
        wall, cpu = time.perf_counter(), time.thread_time()  # a map of 128 MB is not a cycle
        result = self._cycle(self._controller, situation, name)
        self._note_time(name, wall, cpu)
        if result is None:
            return
        refused = result.status is ControlStatus.INVALID_INPUT
        self.found.outcomes[
            f"refused in the cycle: {result.status.value}" if refused else result.status.value
        ] += 1
        if refused:
            self._check_one_line(name, result.message)
            idle = dataclasses.replace(self._sane(), goal=None, now=situation.now)
            self._shadow.compute_command(idle)  # a clock that jumps jumps for both
        else:
            self._shadow.compute_command(situation)
        self._check_command(name, result, None if refused else situation)
        self._moved(result)

    def _sane_cycle(self, after: str) -> None:
        """Drive one sane cycle, which must go on as if nothing had happened."""
        name = f"sane after {after}"
        situation = self._sane()
        wall, cpu = time.perf_counter(), time.thread_time()
        result = self._cycle(self._controller, situation, name)
        self._note_time(name, wall, cpu)
        if result is None:
            return
        self.found.sane += 1
        self._check_command(name, result, situation)
        if result.status not in GOING:
            self._fail(name, f"it does not drive: {result.message}")
        other = self._shadow.compute_command(situation)
        difference = max(abs(result.vx - other.vx), abs(result.wz - other.wz))
        if not difference <= SAME:
            self._fail(name, f"the command differs by {difference:.2g} from that without it")
        self._moved(result)

    def _cycle(
        self, controller: LocalController, situation: Situation, name: str
    ) -> ControlResult | None:
        try:
            return controller.compute_command(situation)
        except Exception as error:
            self.found.outcomes["failed"] += 1
            self._fail(name, f"the cycle raised {_described(error)}")
            return None

    def _check_command(self, name: str, result: ControlResult, given: Situation | None) -> None:
        """Check limits and rates, from the last command or from what was measured and believed."""
        s = self._settings
        command = np.array([result.vx, result.wz])
        lower, upper = np.array([s.vx_min, -s.wz_max]), np.array([s.vx_max, s.wz_max])
        if not (np.isfinite(command).all() and result.vy == 0.0):
            self._fail(name, f"commands {command.tolist()}, vy {result.vy}")
        elif np.any(command < lower - ROUNDING) or np.any(command > upper + ROUNDING):
            self._fail(name, f"commands {command.tolist()}, beyond the limits")
        held = [self._command]
        if given is not None:
            held.append(np.clip([given.state.vx, given.state.wz], lower, upper))
        step = np.array([s.ax_max, s.az_max]) * self._period + ROUNDING
        change = np.min([np.abs(command - h) for h in held], axis=0)
        if np.any(change > step):
            self._fail(name, f"commands {command.tolist()} after {self._command.tolist()}")

    def _check_one_line(self, name: str, message: str) -> None:
        if not message or "\n" in message or len(message) > 300:
            self._fail(name, f"the refusal is not one line: {message!r}")

    def _moved(self, result: ControlResult) -> None:
        """Let the robot follow the command for a period; from the goal it begins anew."""
        self._command = np.array([result.vx, result.wz])
        self._now += self._period
        x, y, yaw = self._state.x, self._state.y, self._state.yaw
        yaw_half = yaw + 0.5 * self._period * result.wz
        step = self._period * result.vx
        x, y = x + step * math.cos(yaw_half), y + step * math.sin(yaw_half)
        yaw += self._period * result.wz
        if math.hypot(x - GOAL.x, y - GOAL.y) < 1.0 or abs(y) > 2.0:
            x, y, yaw = START.x, START.y, START.yaw
        self._state = RobotState(x, y, yaw, result.vx, result.wz)

    def _note_time(self, name: str, wall: float, cpu: float) -> None:
        cpu_ms = 1e3 * (time.thread_time() - cpu)
        self.found.cpu_ms.append(cpu_ms)
        self.found.wall_ms.append(1e3 * (time.perf_counter() - wall))
        self.found.slowest = max(self.found.slowest, (cpu_ms, name))

    def _fail(self, name: str, what: str) -> None:
        self.found.failures.append(f"{name}: {what}")


def _scenery() -> dict:
    """Return what is around a robot that can always drive on: a hall with two posts."""
    blocked = np.zeros((160, 240), bool)
    blocked[[0, -1]] = blocked[:, [0, -1]] = True
    return {
        "circles": as_circles([[3.0, 1.2, 0.3, 0.0, 0.0], [3.0, -1.4, 0.3, 0.0, 0.1]]),
        "walls": build_distance_field(blocked, 0.05, Pose(-3.0, -4.0, 0.0)),
        "path": Path(np.linspace([0.0, 0.0], [GOAL.x, GOAL.y], 60)),
    }


def _described(error: Exception) -> str:
    last: NDArray | traceback.FrameSummary = traceback.extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__}: {error} ({last.filename.split('/')[-1]}:{last.lineno})"
