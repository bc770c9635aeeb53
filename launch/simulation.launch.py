"""Simulator, planner and controller; with monitor:=true also the goal, the verdict and the end."""

from launch import LaunchDescription
from launch.actions import DeclareLaunchArgument, OpaqueFunction

from mme_ilqr_ros.bringup.launching import (
    common_arguments,
    is_set,
    node_actions,
    rviz_actions,
    value_of,
)
from mme_ilqr_ros.bringup.system import monitor_node, on_simulated_time, simulation_nodes
from mme_ilqr_ros.simulation.scenario import load_scenario


def start(context):
    source, world_id = value_of(context, "scenario"), value_of(context, "world_id")
    controller, planner = value_of(context, "controller"), value_of(context, "planner")
    scenario = load_scenario(source, world_id or None)
    guidance = value_of(context, "guidance")
    nodes = simulation_nodes(scenario, source, world_id, controller, planner, guidance)
    if is_set(context, "monitor"):
        setup = f"{controller or 'mme_ilqr'}, planner {planner or 'id_vin'}"
        nodes.append(monitor_node(source, world_id, planner, setup, value_of(context, "out_dir")))
    if is_set(context, "use_sim_time"):
        nodes = on_simulated_time(nodes)
    return [*node_actions(context, nodes), *rviz_actions(context)]


def generate_launch_description():
    arguments = [
        DeclareLaunchArgument(
            "scenario", default_value="trap", description="name of a scenario, or a file"
        ),
        DeclareLaunchArgument(
            "world_id", default_value="", description="which world of a file with several"
        ),
        DeclareLaunchArgument(
            "monitor",
            default_value="false",
            description="send the scenario's goal, judge the run, and end with it",
        ),
        DeclareLaunchArgument(
            "out_dir", default_value="", description="folder for the monitor's result and pictures"
        ),
    ]
    return LaunchDescription([*arguments, *common_arguments(), OpaqueFunction(function=start)])
