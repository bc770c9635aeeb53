"""Running nodes behind the page: the newest of what they say; no ROS in it, and no web."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mme_ilqr_ros.control.result import ControlStatus
from mme_ilqr_ros.geometry.grid_map import GridMap
from mme_ilqr_ros.geometry.pose import Pose, RobotState
from mme_ilqr_ros.live import encoding
from mme_ilqr_ros.live.commands import Command, obey
from mme_ilqr_ros.live.source import Message

SILENT = 1.0  # [s] without odometry from which it is said
FARTHEST_SHOWN = 98  # of the cost-to-go picture; beyond it nothing leads to the goal
Ask = Callable[[str, Pose | None], None]


class Viewed:
    """Keeps what callbacks show, each in a thread of its own; see `source.Source`.

    Args:
        frequency: Pictures per second.
        robot: Outline [K, 2] in m, empty for a disc, and its radius [m].
        ask: Called with `goal` or `initialpose` and a pose in the map's frame; a goal of None
            cancels.
        clock: Time in s, for how long nothing came.
    """

    def __init__(
        self,
        frequency: float,
        robot: tuple[ArrayLike, float],
        ask: Ask,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._period, self._ask, self._clock = 1.0 / frequency, ask, clock
        self._lock = threading.Lock()
        outline, radius = robot
        self._kept: dict[str, Message] = {
            "world": {
                "kind": "world",
                "simulated": False,
                "name": "running nodes",
                "about": "What planner and controller publish. A click sends goal_pose.",
                "grid": None,
                "robot": {"outline": encoding.millimetres(outline), "radius": radius},
                "period": self._period,
            }
        }
        self._new: set[str] = {"world"}
        self._heard = -np.inf
        self._frame: Message = {
            "kind": "frame",
            "paused": False,
            "goal": None,
            "circles": [],
            "free": 0,
            "collided": False,
            "modes": None,
            "status": "NO_GOAL",
            "words": "waits for odometry",
        }
        self._handlers = {"goal": self._goal, "stop": self._stop, "pose": self._pose}

    # ---- what callbacks show, in the map's frame ----

    def show_map(self, grid: GridMap) -> None:
        """Show the map, or what was seen where there is none."""
        with self._lock:
            self._kept["world"] = self._kept["world"] | {"grid": encoding.grid_of(grid)}
            self._new.add("world")

    def show_field(self, cells: NDArray[np.integer], resolution: float, origin: Pose) -> None:
        """Show the planner's picture of the cost-to-go [H, W]: 0 to 98, above it unreachable."""
        shares = np.clip(cells, 0, FARTHEST_SHOWN).astype(np.uint16) * 254 // FARTHEST_SHOWN
        unreachable = (cells > FARTHEST_SHOWN) | (cells < 0)
        picture = np.where(unreachable, encoding.UNREACHABLE, shares).astype(np.uint8)
        step = -(-max(picture.shape) // encoding.LARGEST_FIELD)
        field = encoding.cells_of(picture[::step, ::step], step * resolution, origin)
        self._keep({"kind": "field", "field": field})

    def show_plan(self, points: ArrayLike) -> None:
        """Show the plan [N, 2] in m; none where it is empty."""
        flat = encoding.millimetres(encoding.thinned(np.asarray(points).reshape(-1, 2), 600))
        self._keep({"kind": "plan", "points": flat})

    def show_state(self, stamp: float, state: RobotState, vx_max: float = 0.0) -> None:
        """Show the robot, at a time [s]."""
        robot = [*encoding.pose_of(state), round(state.vx, 3), round(state.wz, 3)]
        self._heard = self._clock()
        self.show(time=round(stamp, 3), robot=robot)

    def show_goal(self, goal: Pose | None) -> None:
        """Show where it goes."""
        self.show(goal=None if goal is None else encoding.pose_of(goal))

    def show_status(self, words: str, is_well: bool) -> None:
        """Show what the controller says that it does."""
        known = [s for s in ControlStatus if words.startswith(s.value)]
        otherwise = ControlStatus.DRIVING if is_well else ControlStatus.STUCK
        status = max(known, key=lambda s: len(s.value), default=otherwise)
        self.show(status=status.name, words=words)

    def show(self, **parts: Any) -> None:
        """Show other parts of the frame, see `messages`."""
        with self._lock:
            self._frame = self._frame | parts

    def _keep(self, message: Message) -> None:
        with self._lock:
            self._kept[message["kind"]] = message
            self._new.add(message["kind"])

    # ---- what the server asks ----

    @property
    def period(self) -> float:
        """Time between two pictures [s]."""
        return self._period

    def opening(self) -> list[Message]:
        """Return everything that is known."""
        with self._lock:
            return [*self._kept.values(), *self._frames()]

    def advance(self) -> list[Message]:
        """Return what is new."""
        with self._lock:
            news = [self._kept[kind] for kind in sorted(self._new, reverse=True)]
            self._new.clear()
            return [*news, *self._frames()]

    def _frames(self) -> list[Message]:
        if "robot" not in self._frame:
            return []
        silent = self._clock() - self._heard
        if silent < SILENT:
            return [self._frame]
        words = f"no odometry for {silent:.0f} s"
        return [self._frame | {"status": ControlStatus.STUCK.name, "words": words}]

    def take(self, command: Mapping[str, Any]) -> list[Message]:
        """Send what a page asks for.

        Raises:
            InputError: It cannot be sent.
        """
        messages: list[Message] = obey(self._handlers, command)
        return messages

    def _goal(self, command: Command) -> list[Message]:
        x, y = command.place()
        here = self._frame.get("robot", [x, y])
        self._ask("goal", Pose(x, y, float(np.arctan2(y - here[1], x - here[0]))))
        return []

    def _stop(self, command: Command) -> list[Message]:
        self._ask("goal", None)
        return []

    def _pose(self, command: Command) -> list[Message]:
        yaw = command.number("yaw", -7.0, 7.0)
        self._ask("initialpose", Pose(*command.place(), yaw))
        return []
