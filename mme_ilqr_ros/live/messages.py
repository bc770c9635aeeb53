"""What the page is sent of a run: the world once, the plan and its field when they change, frames.

Kinds of messages: `world` (all that seldom changes), `field` (cost-to-go), `plan`, `seen` (what a
scanner saw to stand) and `frame`, one a control cycle. Places are in mm, see `encoding`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from mme_ilqr_ros.control.modes import Modes
from mme_ilqr_ros.control.result import ControlResult
from mme_ilqr_ros.geometry.pose import RobotState
from mme_ilqr_ros.live import encoding
from mme_ilqr_ros.live.run import LiveRun
from mme_ilqr_ros.live.sliders import slider_messages
from mme_ilqr_ros.live.source import Message
from mme_ilqr_ros.simulation.robot import RobotSpec

Choices = Mapping[str, tuple[str, list[str]]]  # what is chosen, and from what


class Messages:
    """Makes messages of a run; remembers what was sent."""

    def __init__(self) -> None:
        self.forget()

    def forget(self) -> None:
        """Send everything again."""
        self._sent: dict[str, Any] = {}

    def world(self, run: LiveRun, choices: Choices) -> Message:
        """Return what stands, who drives, and what can be chosen."""
        scenario = run.scenario
        chosen = {what: {"now": now, "all": names} for what, (now, names) in choices.items()}
        return {
            "kind": "world",
            "simulated": True,
            "name": scenario.name,
            "about": " ".join(scenario.description.split()),
            "grid": encoding.grid_of(scenario.grid),
            "boxes": [encoding.millimetres(box.corners) for box in scenario.boxes],
            "robot": robot_message(scenario.robot),
            "tolerance": run.settings.xy_goal_tolerance,
            "vx_max": run.settings.vx_max,
            "period": run.period,
            "choices": chosen,
            "sliders": slider_messages(run.settings),
        }

    def of(self, run: LiveRun, result: ControlResult | None, paused: bool) -> list[Message]:
        """Return what has changed, and a frame."""
        planned = run.driver.planned
        field = None if planned is None else planned.cost_to_go
        standing = run.record.standing
        messages: list[Message] = []
        if self._is_new("field", None if field is None else field.values):
            shown = None if field is None else encoding.field_of(field)
            messages.append({"kind": "field", "field": shown})
        if self._is_new("plan", path := run.driver.path):
            points = np.zeros((0, 2)) if path is None else encoding.thinned(path.points, 600)
            messages.append({"kind": "plan", "points": encoding.millimetres(points)})
        if self._is_new("seen", standing):
            seen = encoding.millimetres(encoding.thinned(standing))
            messages.append({"kind": "seen", "points": seen})
        return [*messages, _frame(run, result, paused)]

    def _is_new(self, kind: str, value: Any) -> bool:
        """Return whether something else was sent last; the same object is the same."""
        if kind in self._sent and self._sent[kind] is value:
            return False
        self._sent[kind] = value
        return True


def robot_message(robot: RobotSpec) -> Message:
    """Return a robot's shape: its corners, or none for a disc, and its radius [m]."""
    return {"outline": encoding.millimetres(robot.footprint), "radius": robot.radius}


def state_message(state: RobotState) -> list[float]:
    """Return x, y [m], yaw [rad], speed [m/s] and turning rate [rad/s], rounded."""
    return [*encoding.pose_of(state), round(state.vx, 3), round(state.wz, 3)]


def modes_message(modes: Modes) -> Message:
    """Return the plans of a cycle and their weights."""
    points = modes.states[:, :, :2]
    return encoding.plans_of(points, modes.weights, modes.feasible, modes.chosen)


def _frame(run: LiveRun, result: ControlResult | None, paused: bool) -> Message:
    simulator, navigator = run.simulator, run.navigator
    goal = run.goal
    frame: Message = {
        "kind": "frame",
        "time": round(simulator.time, 3),
        "paused": paused,
        "robot": state_message(simulator.state),
        "goal": None if goal is None else encoding.pose_of(goal),
        "circles": encoding.millimetres(simulator.circles()),
        "free": len(run.free_circles()),
        "collided": simulator.collided,
        "clearance": round(min(simulator.clearance, 99.0), 3),
        "plan_ms": round(1e3 * run.record.plan_time, 2),
    }
    if result is not None:
        frame |= {"status": result.status.name, "words": result.message}
        frame |= {"command": [round(result.vx, 3), round(result.wz, 3)]}
        frame |= {"solve_ms": round(1e3 * result.solve_time, 3), "gate": result.gate}
        frame["modes"] = None if result.modes is None else modes_message(result.modes)
    if navigator is not None:
        newest = navigator.perception.newest.values()
        hits = [points.ends[points.hit] for points in newest]
        frame["hits"] = encoding.millimetres(np.vstack([np.zeros((0, 2)), *hits]))
        seen = navigator.seen
        frame["tracks"] = [] if seen is None else encoding.millimetres(seen.circles)
    return frame
