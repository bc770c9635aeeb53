"""The loop: ir-sim's lidar and state to a driver, its command to ir-sim, until ir-sim says stop."""

from __future__ import annotations

import io
import math
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from mme_ilqr_ros.geometry.circles import no_circles
from mme_ilqr_ros.geometry.pose import RobotState
from mme_ilqr_ros.perception.scan import Scan
from studies.referee.contacts import Contacts
from studies.referee.driver import Driver, Task
from studies.referee.irsim_worlds import IrsimWorld
from studies.referee.run import End, Run

with redirect_stdout(io.StringIO()):  # it says which windows matplotlib cannot open here
    import irsim

MakeDriver = Callable[[Task, int], Driver]


def drive(world: IrsimWorld, name: str, make_driver: MakeDriver, seed: int = 0) -> Run:
    """Drive a world to its end.

    Args:
        world: For ir-sim, with its task.
        name: Of the driver, for the table.
        make_driver: Makes it.
        seed: Of the world's random shapes, places and noise, and of the driver.
    """
    task = world.task
    driver = make_driver(task, seed)
    with simulator(world, seed) as env:
        loop = _Loop(env, world, driver)
        end = loop.to_the_end()
        shapes = tuple(corners(o) for o in env.obstacle_list)
        footprint = np.asarray(env.robot.original_vertices).T
    return Run(
        world=world.name,
        worlds=world.family,
        driver=name,
        speed=task.robot.vx_max,
        seed=seed,
        end=end,
        message=driver.message,
        period=task.period,
        cpu=tuple(loop.cpu),
        track=np.array(loop.track),
        footprint=footprint,
        way_points=task.way_points,
        shapes=shapes,
        view=driver.view(),
        own_contacts=loop.contacts.own,
        other_contacts=loop.contacts.others,
    )


@contextmanager
def simulator(world: IrsimWorld, seed: int) -> Iterator[Any]:
    """Run ir-sim on a world, which it reads only from a file, without a window."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "world.yaml"
        file.write_text(yaml.safe_dump(world.content))
        env = irsim.make(str(file), headless=True, log_level="CRITICAL", seed=seed)
    try:
        yield env
    finally:
        env.end(0)


def measured_scan(env: Any, now: float) -> Scan:
    """Return the newest scan of the robot's lidar.

    The increment follows from the first and the last ray: what ir-sim says of it differs between
    its versions.
    """
    turn = env.get_lidar_scan()
    ranges = np.array(turn["ranges"], dtype=np.float64)
    low, high = float(turn["angle_min"]), float(turn["angle_max"])
    increment = (high - low) / max(len(ranges) - 1, 1)
    return Scan(ranges, low, increment, float(turn["range_min"]), float(turn["range_max"]), now)


def measured_state(env: Any) -> RobotState:
    """Return the robot's pose and velocity: odometry that does not drift."""
    x, y, yaw = np.ravel(env.robot.state)[:3].tolist()
    vx, wz = np.ravel(env.robot.velocity)[:2].tolist()
    return RobotState(x, y, yaw, vx, wz)


def corners(thing: Any) -> np.ndarray:
    """Return the corners [K, 2] of a thing of ir-sim; circles are polygons there."""
    return np.asarray(thing.geometry.exterior.coords)[:-1]


class _Loop:
    def __init__(self, env: Any, world: IrsimWorld, driver: Driver) -> None:
        self._env, self._world, self._driver = env, world, driver
        self._steps = max(1, round(world.task.period / env.step_time))
        self._time = 0.0
        self.contacts = Contacts()
        self._left = list(world.task.way_points)
        self._head_for_next()
        self.cpu: list[float] = []
        self.track: list[tuple[float, float, float]] = []

    def to_the_end(self) -> End:
        env, driver = self._env, self._driver
        while True:
            state = measured_state(env)
            self.track.append((state.x, state.y, state.yaw))
            if env.robot.collision:
                return End.COLLISION
            if env.robot.arrive and not self._head_for_next():
                return End.REACHED
            if self._time >= self._world.timeout - 1e-9:
                return End.TIMEOUT
            scan = measured_scan(env, self._time)
            begin = time.process_time()
            command = driver.command(scan, state, self._goal)
            self.cpu.append(time.process_time() - begin)
            if command is None:
                return End.GAVE_UP
            self._pass(command)

    def _head_for_next(self) -> bool:
        """Tell ir-sim the next way point, which says when the robot is there; False without one."""
        if not self._left:
            return False
        self._goal, *self._left = self._left
        robot, task = self._env.robot, self._world.task
        robot.set_goal(list(self._goal))
        robot.goal_threshold = task.passing if self._left else task.tolerance
        return True

    def _pass(self, command: tuple[float, float]) -> None:
        if not all(map(math.isfinite, command)):
            raise ValueError(f"the driver commands {command}: must be finite")
        for _ in range(self._steps):
            self._time += self._env.step_time
            self._move(self._time)
            self._env.step(np.array([[command[0]], [command[1]]]))
            if self._env.robot.collision:
                self._count_contacts()
                return
            if self._env.robot.arrive:
                return

    def _count_contacts(self) -> None:
        robot = self._env.robot
        movers = self._world.movers
        circles = no_circles() if movers is None else movers.circles_at(self._time)
        for thing in robot.collision_obj:
            velocity = np.ravel(thing.velocity_xy)[:2]
            number = self._env.obstacle_list.index(thing)
            if number < len(circles):
                velocity = circles[number, 3:]
            way = np.ravel(thing.centroid)[:2] - np.ravel(robot.state)[:2]
            self.contacts.add(self._time, number, way, np.ravel(robot.velocity_xy)[:2], velocity)

    def _move(self, now: float) -> None:
        """Put the circles that move where they are in the world of this project."""
        if self._world.movers is None:
            return
        circles = self._world.movers.circles_at(now)
        for thing, circle in zip(self._env.obstacle_list, circles, strict=False):
            thing.set_state([float(circle[0]), float(circle[1]), 0.0])
