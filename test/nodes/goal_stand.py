"""Planner and controller, a map, and a robot that stands where a test says."""

import numpy as np
from action_msgs.msg import GoalStatus
from geometry_msgs.msg import PoseStamped, Twist
from nav_msgs.msg import OccupancyGrid, Odometry
from nav_msgs.msg import Path as PathMessage
from std_srvs.srv import Trigger

from mme_ilqr_ros.geometry.grid_map import GridMap
from mme_ilqr_ros.geometry.pose import Pose, RobotState
from mme_ilqr_ros.nodes import conversions as convert
from mme_ilqr_ros.nodes.controller_node import ControllerNode
from mme_ilqr_ros.nodes.frames import TfOutput
from mme_ilqr_ros.nodes.goal_life import ABORTED, CANCELLED, REACHED
from mme_ilqr_ros.nodes.node import LATCHED, LATCHED_NEWS
from mme_ilqr_ros.nodes.planner_node import PlannerNode

FREE = GridMap.empty(8.0, 8.0, 0.1, Pose(-2.0, -4.0, 0.0))
GOAL = (4.0, 0.0)
QUIET = 0.15  # s, three periods of planning and six of control


class Stand:
    """Planner and controller, a map, and a robot that stands where `state` says."""

    def __init__(self, bench, *, with_planner=True, **planner):
        self.bench, self.planner_parameters = bench, planner
        self.commands = bench.collect(Twist, "cmd_vel")
        self.plans = bench.collect(PathMessage, "plan", LATCHED)
        self.news = bench.collect(GoalStatus, "goal_status", LATCHED_NEWS)
        self.odom = bench.publisher(Odometry, "odom")
        self.goal = bench.publisher(PoseStamped, "goal_pose")
        self.map = bench.publisher(OccupancyGrid, "map", LATCHED)
        self.mask = bench.publisher(OccupancyGrid, "filter_mask", LATCHED)
        self.plan = bench.publisher(PathMessage, "plan", LATCHED)
        self.tf = TfOutput(bench.node)
        self.tf.send_static(Pose(0.0, 0.0, 0.0), self.stamp(), "map", "odom")
        self.state, self.odometry_sent = RobotState(0.0, 0.0, 0.0), 0
        bench.node.create_timer(0.02, self.send_odometry)
        self.send_map()
        if with_planner:
            self.start_planner()
        self.start_controller()

    def start_planner(self):
        rate = {"expected_planner_frequency": 20.0, "use_filter_mask": True}
        parameters = {"kind": "dijkstra", **rate, **self.planner_parameters}
        self.planner = self.bench.add(PlannerNode, **parameters)
        assert self.bench.spin_until(lambda: self.planner.is_ready)

    def start_controller(self, **parameters):
        rate = {"mme__n_modes": 2, "controller_frequency": 40.0}
        self.controller = self.bench.add(ControllerNode, **rate, **parameters)
        assert self.bench.spin_until(lambda: self.controller.is_ready)

    def restart_controller(self, **parameters):
        """Kill the controller, whose last command stands, and start it anew."""
        self.bench.remove(self.controller)
        self.bench.spin_for(0.05)
        self.commands.clear()
        self.start_controller(**parameters)

    def stamp(self):
        return self.bench.node.get_clock().now().to_msg()

    def send_odometry(self):
        self.odometry_sent += 1
        self.odom.publish(convert.odometry_message(self.state, self.stamp(), "odom", "base_link"))

    def send_map(self):
        self.map.publish(convert.occupancy_message(FREE, self.stamp(), "map"))

    def send_mask(self):
        self.mask.publish(convert.occupancy_message(FREE, self.stamp(), "map"))

    def send_goal(self, goal=GOAL):
        self.bench.connect(self.goal)
        self.goal.publish(convert.pose_stamped(Pose(*goal, 0.0), self.stamp(), "map"))

    def send_plan(self, *points, stamp=None):
        points = np.array([(0.0, 0.0), *points])
        stamp = stamp or self.stamp()
        self.plan.publish(convert.path_message(points, np.zeros(len(points)), stamp, "map"))

    def put(self, x, y):
        """Put the robot somewhere; returns when both nodes know."""
        self.state, sent = RobotState(x, y, 0.0), self.odometry_sent
        assert self.bench.spin_until(lambda: self.odometry_sent >= sent + 4)

    def ends(self, status):
        """Return whether the goal comes to this end, and only to this one."""
        came = self.bench.spin_until(lambda: self.news and self.news[-1].status == status)
        return came and not {m.status for m in self.news} & {REACHED, CANCELLED, ABORTED} - {status}

    def drives(self):
        """Return whether a command to move comes, from now on."""
        self.commands.clear()
        return self.bench.spin_until(lambda: any(c.linear.x > 0.02 for c in self.commands), 5.0)

    def stands(self):
        """Return whether no command to move comes, once what moves has braked."""
        self.bench.spin_until(lambda: not self.commands or self.commands[-1] == Twist())
        self.commands.clear()
        self.bench.spin_for(QUIET)
        return all(command == Twist() for command in self.commands)

    def arrives(self, goal=GOAL):
        """Drive to a goal by being put there."""
        self.news.clear()
        self.send_goal(goal)
        assert self.drives()
        self.put(*goal)
        assert self.ends(REACHED)

    def begins(self, case):
        """Be on the way to a goal, or beyond its end: reached and pushed away, or cancelled."""
        self.put(0.0, 0.0)
        self.news.clear()
        if case == "reached":
            self.arrives()
            self.put(2.0, 0.5)
        else:
            self.send_goal()
            assert self.drives()
        if case == "cancelled":
            self.cancels()

    def cancels(self, service="controller/reset"):
        assert self.bench.call(Trigger, service, Trigger.Request()).success
        assert self.ends(CANCELLED)

    def send_everything_again(self):
        """Publish map, mask and the plan that was driven once more."""
        driven = [plan for plan in self.plans if plan.poses]
        self.send_map()
        self.send_mask()
        if driven:
            driven[-1].header.stamp = self.stamp()
            self.plan.publish(driven[-1])
