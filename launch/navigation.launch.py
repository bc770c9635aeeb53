"""Planner, controller and safety node, for a robot with odom, map or scan, and cmd_vel."""

from launch import LaunchDescription
from launch.actions import OpaqueFunction

from mme_ilqr_ros.bringup.launching import (
    choice,
    common_arguments,
    is_set,
    node_actions,
    record_actions,
    rviz_actions,
    viewer_actions,
)
from mme_ilqr_ros.bringup.system import navigation_nodes, on_simulated_time


def start(context):
    nodes = navigation_nodes(choice(context))
    if is_set(context, "use_sim_time"):
        nodes = on_simulated_time(nodes)
    views = [*viewer_actions(context), *rviz_actions(context)]
    return [*node_actions(context, nodes), *record_actions(context), *views]


def generate_launch_description():
    return LaunchDescription([*common_arguments(), OpaqueFunction(function=start)])
