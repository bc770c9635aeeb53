"""Clients of actions, and a robot that stands where the tests put it, in one frame."""

from dataclasses import replace

import numpy as np
from action_msgs.msg import GoalStatus
from geometry_msgs.msg import PoseStamped, Twist
from nav_msgs.msg import OccupancyGrid, Odometry
from nav_msgs.msg import Path as PathMessage
from rclpy.action import ActionClient

from mme_ilqr_ros.geometry.grid_map import GridMap
from mme_ilqr_ros.geometry.pose import Pose, RobotState
from mme_ilqr_ros.nodes import conversions as convert
from mme_ilqr_ros.nodes.controller_node import ControllerNode
from mme_ilqr_ros.nodes.node import LATCHED
from mme_ilqr_ros.nodes.planner_node import PlannerNode

SUCCEEDED, CANCELED = GoalStatus.STATUS_SUCCEEDED, GoalStatus.STATUS_CANCELED
ABORTED = GoalStatus.STATUS_ABORTED
EXECUTING = GoalStatus.STATUS_EXECUTING
PERIOD = 0.02  # s
FREE = GridMap.empty(8.0, 8.0, 0.1, Pose(-2.0, -4.0, 0.0))


class Task:
    """One goal of a client."""

    def __init__(self, bench, client, request):
        self.bench, self.feedback = bench, []
        sent = client.send_goal_async(request, lambda m: self.feedback.append(m.feedback))
        assert bench.spin_until(sent.done)
        self.handle = sent.result()
        self.accepted = self.handle.accepted
        self.end = self.handle.get_result_async() if self.accepted else None

    def cancel(self):
        """Ask for the end; return whether that was granted."""
        future = self.handle.cancel_goal_async()
        assert self.bench.spin_until(future.done)
        return bool(future.result().goals_canceling)

    def ends(self, status, seconds=10.0):
        """Return the result, if the goal ends with this status."""
        assert self.bench.spin_until(self.end.done, seconds)
        assert self.end.result().status == status, str(self.end.result())[-200:]
        return self.end.result().result

    def tells(self, predicate=lambda feedback: True):
        """Return whether feedback comes of which something is true."""
        return self.bench.spin_until(lambda: any(predicate(f) for f in self.feedback))


class Stand:
    """A map, odometry, and clients; a command is an attempt to drive."""

    def __init__(self, bench, grid=FREE, *, with_map=True):
        self.bench, self.clients = bench, {}
        self.state, self.sends_odometry, self.moves = RobotState(0.0, 0.0, 0.0), True, False
        self.commands = bench.collect(Twist, "cmd_vel")
        self.plans = bench.collect(PathMessage, "plan", LATCHED)
        self.odom = bench.publisher(Odometry, "odom")
        self.goal = bench.publisher(PoseStamped, "goal_pose")
        self.plan = bench.publisher(PathMessage, "plan", LATCHED)
        self.map = bench.publisher(OccupancyGrid, "map", LATCHED)
        if with_map:
            self.map.publish(convert.occupancy_message(grid, self.stamp(), "map"))
        bench.node.create_timer(PERIOD, self.send_odometry)

    def start_planner(self, **parameters):
        self.planner = self.bench.add(PlannerNode, kind="dijkstra", **parameters)
        return self.planner

    def start_controller(self, **parameters):
        few = {"mme__n_modes": 2, "controller_frequency": 40.0}
        self.controller = self.bench.add(ControllerNode, **{**few, **parameters})
        assert self.bench.spin_until(lambda: self.controller.is_ready)
        return self.controller

    def stamp(self):
        return self.bench.node.get_clock().now().to_msg()

    def send_odometry(self):
        if self.moves and self.commands:
            speed, turn = self.commands[-1].linear.x, self.commands[-1].angular.z
            self.state = replace(self.state, vx=speed, wz=turn).after(PERIOD)
        if self.sends_odometry:
            message = convert.odometry_message(self.state, self.stamp(), "map", "base_link")
            self.odom.publish(message)

    def pose(self, x, y, yaw=0.0, frame="map"):
        return convert.pose_stamped(Pose(float(x), float(y), yaw), self.stamp(), frame)

    def path(self, *points):
        points = np.array(points, float)
        return convert.path_message(points, np.zeros(len(points)), self.stamp(), "map")

    def ask(self, kind, name, **request):
        """Send a goal to an action."""
        if name not in self.clients:
            self.clients[name] = ActionClient(self.bench.node, kind, name)
            ready = self.clients[name].server_is_ready
            assert self.bench.spin_until(ready)
        return Task(self.bench, self.clients[name], kind.Goal(**request))

    def drives(self):
        """Return whether a command to move comes, from now on."""
        self.commands.clear()
        return self.bench.spin_until(lambda: any(c.linear.x > 0.02 for c in self.commands), 5.0)

    def stands(self):
        """Return whether no command to move comes, once what moves has braked."""
        self.bench.spin_until(lambda: not self.commands or self.commands[-1] == Twist())
        self.commands.clear()
        self.bench.spin_for(0.15)
        return all(command == Twist() for command in self.commands)

    def put(self, x, y, yaw=0.0):
        """Put the robot somewhere."""
        self.state = RobotState(x, y, yaw)
        self.bench.spin_for(0.1)

    def close(self):
        for client in self.clients.values():
            client.destroy()
