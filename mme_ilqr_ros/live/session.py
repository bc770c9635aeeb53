"""A simulation behind the page: commands in, messages out; no web in it."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from mme_ilqr_ros.benchmark.setup import CONTROLLERS, PLANNERS, SENSING, Setup
from mme_ilqr_ros.control.result import ControlResult
from mme_ilqr_ros.errors import InputError
from mme_ilqr_ros.live.commands import Command, obey
from mme_ilqr_ros.live.messages import Messages
from mme_ilqr_ros.live.run import LiveRun, heading
from mme_ilqr_ros.live.sliders import BY_NAME, commands_of, setting_of, yaml_of
from mme_ilqr_ros.live.source import Message
from mme_ilqr_ros.parameters.controller import ControllerNodeSettings
from mme_ilqr_ros.parameters.planner import PlannerNodeSettings
from mme_ilqr_ros.settings import Scalar, build, flatten
from mme_ilqr_ros.simulation.robot_file import robot_names
from mme_ilqr_ros.simulation.scenario import Scenario, load_scenario, scenario_names

FASTEST_THROW = 3.0  # [m/s]
SMALLEST, LARGEST = 0.05, 5.0  # [m] radius of a circle
LET_GO = 0.4  # [s] without a key until the robot is no longer driven by hand
HERE_ONLY = {"seed", "use_plan"}  # what a saved file does not say


class Session:
    """Drives one scenario after another; see `source.Source`.

    Args:
        scenario: The first one.
        setup: What drives.
        seed: Of everything that is random.
        paused: Whether to begin standing.
        clock: Time in s, for how long keys are held.
    """

    def __init__(
        self,
        scenario: Scenario,
        setup: Setup,
        seed: int = 0,
        paused: bool = False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._world, self._given, self._seed = scenario, setup, seed
        self._paused, self._clock = paused, clock
        self._by_hand: tuple[float, float] | None = None
        self._held_until = 0.0
        self.run = LiveRun(scenario, setup, seed)
        self._messages = Messages()
        self._result: ControlResult | None = None
        self._handlers: Mapping[str, Callable[[Command], list[Message]]] = {
            "goal": self._goal,
            "stop": self._stop,
            "add_circle": self._add_circle,
            "move_circle": self._move_circle,
            "remove_circle": self._remove_circle,
            "drive": self._drive,
            "pause": self._pause,
            "step": self._step,
            "reset": self._reset,
            "choose": self._choose,
            "set": self._set,
            "save": self._save,
        }

    @property
    def period(self) -> float:
        """Time of a control cycle [s]."""
        return self.run.period

    def opening(self) -> list[Message]:
        """Return what a page needs that has just been opened."""
        self._messages.forget()
        return [self._world_message(), *self._frames()]

    def advance(self) -> list[Message]:
        """Run a control cycle, unless it is paused."""
        return [] if self._paused else self._cycle()

    def take(self, command: Mapping[str, Any]) -> list[Message]:
        """Do what a page asks for.

        Raises:
            InputError: It cannot be done.
        """
        messages: list[Message] = obey(self._handlers, command)
        return messages

    def _cycle(self) -> list[Message]:
        twist = None
        if self._by_hand is not None and self._clock() <= self._held_until:
            ahead, turn = self._by_hand
            limits = self.run.settings
            back = limits.vx_max if ahead > 0.0 else -limits.vx_min
            twist = (ahead * back, 0.0, turn * limits.wz_max)
        self._result = self.run.cycle(twist)
        return self._frames()

    def _frames(self) -> list[Message]:
        return self._messages.of(self.run, self._result, self._paused)

    def _world_message(self) -> Message:
        setup = self.run.setup
        choices = {
            "scenario": (self._world.name, _with(scenario_names(), self._world.name)),
            "robot": (setup.robot or "", ["", *_with(robot_names(), setup.robot)]),
            "controller": (setup.controller, list(CONTROLLERS)),
            "planner": (setup.planner, [p for p in PLANNERS if p != "file" or self._world.path]),
            "sensing": (setup.sensing, list(SENSING)),
        }
        return self._messages.world(self.run, choices)

    # ---- commands ----

    def _goal(self, command: Command) -> list[Message]:
        here = self.run.simulator.state
        self.run.set_goal(heading(command.place(), (here.x, here.y)))
        return self._frames()

    def _stop(self, command: Command) -> list[Message]:
        self.run.set_goal(None)
        return self._frames()

    def _add_circle(self, command: Command) -> list[Message]:
        circles = np.vstack([self.run.free_circles(), self._circle(command)])
        self.run.put_circles(circles, held=len(circles) - 1)
        return self._frames()

    def _move_circle(self, command: Command) -> list[Message]:
        circles = self.run.free_circles()
        index = command.index(len(circles), "circle")
        circles[index] = self._circle(command)
        self.run.put_circles(circles, held=index)
        return self._frames()

    def _remove_circle(self, command: Command) -> list[Message]:
        circles = self.run.free_circles()
        index = command.index(len(circles), "circle")
        self.run.put_circles(np.delete(circles, index, axis=0))
        return self._frames()

    def _circle(self, command: Command) -> np.ndarray:
        """Return the circle [5] that a command describes."""
        speeds = [command.number(key, -FASTEST_THROW, FASTEST_THROW) for key in ("vx", "vy")]
        return np.array([*command.place(), command.number("r", SMALLEST, LARGEST), *speeds])

    def _drive(self, command: Command) -> list[Message]:
        ahead, turn = command.number("ahead", -1.0, 1.0), command.number("turn", -1.0, 1.0)
        self._by_hand = None if ahead == turn == 0.0 else (ahead, turn)
        self._held_until = self._clock() + LET_GO
        return []

    def _pause(self, command: Command) -> list[Message]:
        self._paused = command.flag("on")
        return self._frames()

    def _step(self, command: Command) -> list[Message]:
        self._paused = True
        return self._cycle()

    def _reset(self, command: Command) -> list[Message]:
        return self._begin(self._world, self.run.setup)

    def _choose(self, command: Command) -> list[Message]:
        what = command.word("what", ("scenario", "robot", "controller", "planner", "sensing"))
        name = command.word("name")
        if what == "scenario":
            name = command.word("name", _with(scenario_names(), self._world.name))
            world = self._world if name == self._world.name else load_scenario(name)
            return self._begin(world, self.run.setup)
        if what == "robot":
            name = command.word("name", ["", *_with(robot_names(), self._given.robot)])
            given = self._given.parameters  # sliders are for the robot that they were set for
            return self._begin(self._world, replace(self.run.setup, robot=name, parameters=given))
        choices = {"controller": CONTROLLERS, "planner": PLANNERS, "sensing": SENSING}
        chosen: dict[str, Any] = {what: command.word("name", choices[what])}
        if what == "sensing":  # by lidar, what it has seen; otherwise the map
            chosen["planner_sees"] = "nothing" if name == "lidar" else "map"
        return self._change(replace(self.run.setup, **chosen))

    def _begin(self, world: Scenario, setup: Setup) -> list[Message]:
        self.run = LiveRun(world, setup, self._seed)
        self._world, self._result, self._by_hand = world, None, None
        return self.opening()

    def _change(self, setup: Setup) -> list[Message]:
        self.run.change(setup)
        self._messages.forget()
        return [self._world_message(), *self._frames()]

    def _set(self, command: Command) -> list[Message]:
        name = command.word("name")
        row, value = setting_of(name), command.value("value")
        if type(value) is float and row.kind is int and value.is_integer():
            value = int(value)
        checked, setup = row.check(value), self.run.setup
        given = setup.parameters
        changed = {"controller": {**given.controller, name: checked}}
        if BY_NAME[name].planner:
            changed["planner"] = {**given.planner, name: checked}
        return self._change(replace(setup, parameters=replace(given, **changed)))

    def _save(self, command: Command) -> list[Message]:
        form = command.word("form", ("yaml", "commands"))
        setup, scenario = self.run.setup, self.run.scenario
        blocks = {
            "controller": _changed(self.run.settings, ControllerNodeSettings),
            "planner": _changed(setup.planner_settings(scenario), PlannerNodeSettings),
        }
        text = yaml_of(blocks) if form == "yaml" else commands_of(blocks)
        return [{"kind": "text", "form": form, "text": text}]


def _changed(settings: Any, kind: type) -> dict[str, Scalar]:
    """Return what differs from the defaults, by dotted name."""
    defaults = flatten(build(kind, {}))
    values = flatten(settings).items()
    return {name: v for name, v in values if name not in HERE_ONLY and v != defaults.get(name)}


def _with(names: list[str], name: str) -> list[str]:
    """Return the names, and one more where it is not among them."""
    return names if not name or name in names else [name, *names]


def session_of(scenario: str, setup: Setup, seed: int, paused: bool) -> Session:
    """Return a session of a scenario by name or file.

    Raises:
        InputError: Something cannot be used.
    """
    try:
        return Session(load_scenario(scenario), setup, seed, paused)
    except FileNotFoundError as error:
        raise InputError(str(error)) from error
