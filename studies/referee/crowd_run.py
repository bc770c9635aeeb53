"""The loop in navground: people see the robot and answer it, a lidar is all that the robot sees."""

from __future__ import annotations

import math
import time

import numpy as np
from navground import core, sim

from mme_ilqr_ros.geometry.pose import RobotState
from mme_ilqr_ros.perception.scan import Scan
from mme_ilqr_ros.simulation.robot import RobotSpec
from studies.referee.contacts import Contacts
from studies.referee.crowd_worlds import BODY, Crowd, Walker
from studies.referee.driver import Driver, Task, View, driver_of
from studies.referee.run import End, FloatArray, Run

AGENTS = ("HL", "ORCA", "SocialForce")  # behaviours that can drive the robot, and those of people
ROBOT = RobotSpec(radius=0.3)  # the limits of the package's own robot
STEP = 0.05  # [s] of navground
PERIOD = 0.1  # [s] from command to command
TOLERANCE = 0.3  # [m]
BEAMS, FIELD_OF_VIEW, RANGE = 360, math.radians(270.0), 10.0
HORIZON = 5.0  # [m] within which people see each other and the robot
KEEP_AWAY = 0.1  # [m] that people keep from each other and from the robot
CORNERS = 24  # of the polygon that is drawn for a disc


class Commanded(core.Behavior, name="Commanded"):  # type: ignore[call-arg, misc]
    """The robot: what it is commanded is what it does."""

    def __init__(self, kinematics: core.Kinematics | None = None, radius: float = 0.0) -> None:
        core.Behavior.__init__(self, kinematics, radius)
        self.wanted = core.Twist2((0.0, 0.0), 0.0, core.Frame.relative)

    def compute_cmd_internal(self, time_step: float) -> core.Twist2:
        """Return the command."""
        return self.wanted


def drive(name: str, crowd: Crowd, people: str, seed: int) -> Run:
    """Drive through a crowd to the end.

    Args:
        name: Of a driver, or of a behaviour of navground, which then drives in its place and is
            told where everybody is.
        crowd: Where to.
        people: Behaviour of the people.
        seed: Of the driver, and of what is random in navground.
    """
    start = crowd.start
    task = Task(ROBOT, start, (crowd.goal,), TOLERANCE, TOLERANCE, PERIOD, RANGE)
    driver = None if name in AGENTS else driver_of(name)(task, seed)
    loop = _Loop(crowd, people, name, driver, seed)
    end = loop.to_the_end()
    turns = np.linspace(0.0, 2.0 * np.pi, CORNERS, endpoint=False)
    disc = np.stack([np.cos(turns), np.sin(turns)], axis=-1)
    walls = [np.array(wall) for wall in crowd.walls]
    return Run(
        world=crowd.name,
        worlds=f"{crowd.name}, people {people}",
        driver=name,
        speed=ROBOT.vx_max,
        seed=seed,
        end=end,
        message="" if driver is None else driver.message,
        period=PERIOD,
        cpu=tuple(loop.cpu),
        track=np.array(loop.track),
        footprint=ROBOT.radius * disc,
        way_points=(crowd.goal,),
        shapes=(*walls, *(agent.position + BODY * disc for agent in loop.people)),
        view=View() if driver is None else driver.view(),
        own_contacts=loop.contacts.own,
        other_contacts=loop.contacts.others,
    )


class _Loop:
    def __init__(
        self, crowd: Crowd, people: str, name: str, driver: Driver | None, seed: int
    ) -> None:
        self._crowd, self._driver = crowd, driver
        self._world = world = sim.World()
        world.seed = seed
        self.robot = _robot(crowd, name if driver is None else "")
        world.add_agent(self.robot)
        self.people = [_person(walker, people) for walker in crowd.walkers]
        for person in self.people:
            world.add_agent(person)
        for begin, end in crowd.walls:
            world.add_wall(core.LineSegment(begin, end))
        self._lidar = sim.state_estimations.LidarStateEstimation(
            range=RANGE,
            start_angle=-0.5 * FIELD_OF_VIEW,
            field_of_view=FIELD_OF_VIEW,
            resolution=BEAMS,
        )
        self._sensed = core.SensingState()
        world._prepare()
        self.contacts = Contacts()
        self.cpu: list[float] = []
        self.track: list[tuple[float, float, float]] = []

    def to_the_end(self) -> End:
        steps = round(PERIOD / STEP)
        while True:
            state = self._state()
            self.track.append((state.x, state.y, state.yaw))
            goal = self._crowd.goal
            if math.hypot(goal[0] - state.x, goal[1] - state.y) < TOLERANCE:
                return End.REACHED
            now = len(self.cpu) * PERIOD
            if now >= self._crowd.timeout:
                return End.TIMEOUT
            begin = time.process_time()
            if self._driver is not None:
                scan = self._scan(now)
                begin = time.process_time()
                command = self._driver.command(scan, state, goal)
                if command is None:
                    return End.GAVE_UP
                vx, wz = command
                self.robot.behavior.wanted = core.Twist2((vx, 0.0), wz, core.Frame.relative)
            self.cpu.append(time.process_time() - begin)
            for _ in range(steps):
                self._step(now)

    def _step(self, now: float) -> None:
        """Let navground pass a step, and count what touched the robot in it."""
        agents = {agent._uid: agent for agent in self._world.agents}
        places = {uid: np.array(agent.position) for uid, agent in agents.items()}
        speeds = {uid: np.array(agent.velocity) for uid, agent in agents.items()}
        self._world.update(STEP)
        own = self.robot._uid
        for pair in self._world.collisions:
            ids = [entity._uid for entity in pair]
            if own in ids:
                other = ids[1 - ids.index(own)]
                way = places.get(other, places[own]) - places[own]  # none to a wall
                still = np.zeros(2)
                self.contacts.add(now, other, way, speeds[own], speeds.get(other, still))

    def _state(self) -> RobotState:
        x, y = map(float, self.robot.position)
        yaw = float(self.robot.orientation)
        vx, vy = map(float, self.robot.velocity)
        forward = vx * math.cos(yaw) + vy * math.sin(yaw)
        return RobotState(x, y, yaw, forward, float(self.robot.angular_speed))

    def _scan(self, now: float) -> Scan:
        self._lidar.update(self.robot, self._world, self._sensed)
        ranges: FloatArray = np.array(self._lidar.read_ranges(self._sensed), dtype=np.float64)
        increment = FIELD_OF_VIEW / (BEAMS - 1)
        ranges[ranges >= RANGE * (1.0 - 1e-6)] = np.inf  # navground counts in single precision
        return Scan(ranges, -0.5 * FIELD_OF_VIEW, increment, 0.0, RANGE, now)


def _robot(crowd: Crowd, behavior: str) -> sim.Agent:
    """Return the robot: commanded, or with a behaviour of navground that sees everybody."""
    kinematics = core.Kinematics.make_type("Ahead")
    kinematics.max_speed, kinematics.max_angular_speed = ROBOT.vx_max, ROBOT.wz_max
    robot = sim.Agent(radius=ROBOT.radius, kinematics=kinematics)
    if behavior:
        _give(robot, behavior, ROBOT.vx_max)
        tasks = sim.tasks.WaypointsTask([crowd.goal], loop=False, tolerance=0.5 * TOLERANCE)
        robot.task = tasks
    else:
        robot.behavior = Commanded(kinematics, ROBOT.radius)
    start = crowd.start
    robot.position, robot.orientation = (start.x, start.y), start.yaw
    return robot


def _person(walker: Walker, behavior: str) -> sim.Agent:
    kinematics = core.Kinematics.make_type("Omni")
    kinematics.max_speed = 1.5 * walker.speed
    person = sim.Agent(radius=BODY, kinematics=kinematics, control_period=PERIOD)
    _give(person, behavior, walker.speed)
    here, *way_points = walker.places
    person.task = sim.tasks.WaypointsTask(way_points, loop=True, tolerance=0.5)
    person.position = here
    ahead = np.subtract(way_points[0], here)
    person.orientation = math.atan2(ahead[1], ahead[0])
    return person


def _give(agent: sim.Agent, behavior: str, speed: float) -> None:
    """Let an agent avoid what it sees: all others and the walls within the horizon."""
    agent.behavior = core.Behavior.make_type(behavior)
    agent.behavior.optimal_speed = speed
    agent.behavior.horizon = HORIZON
    agent.behavior.safety_margin = KEEP_AWAY
    agent.state_estimations = [sim.state_estimations.BoundedStateEstimation(HORIZON)]
