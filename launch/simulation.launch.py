"""Simulator, planner and controller; with monitor:=true also the goal, the verdict and the end."""

from pathlib import Path

from launch import LaunchDescription
from launch.actions import OpaqueFunction

from mme_ilqr_ros.bringup.launching import (
    argument,
    choice,
    common_arguments,
    is_set,
    node_actions,
    record_actions,
    rviz_actions,
    value_of,
    viewer_actions,
)
from mme_ilqr_ros.bringup.parameter_files import own_file
from mme_ilqr_ros.bringup.system import monitor_node, on_simulated_time, simulation_nodes
from mme_ilqr_ros.parameters.simulation import RunMonitorSettings
from mme_ilqr_ros.simulation.scenario import load_scenario


def start(context):
    chosen = choice(context)
    scenario = load_scenario(chosen.scenario, chosen.world_id or None, chosen.robot)
    nodes = simulation_nodes(chosen, scenario.robot)
    if is_set(context, "monitor"):
        title = chosen.title(own_file(Path(value_of(context, "params_file"))))
        report = {"setup": title, "out_dir": value_of(context, "out_dir")}
        nodes.append(monitor_node(chosen, report))
    if is_set(context, "use_sim_time"):
        nodes = on_simulated_time(nodes)
    views = [*viewer_actions(context, scenario.robot), *rviz_actions(context)]
    return [*node_actions(context, nodes), *record_actions(context), *views]


def generate_launch_description():
    arguments = [
        argument("scenario", RunMonitorSettings.scenario, "name of a scenario, or a file"),
        argument("world_id", "", "which world of a file with several"),
        argument("monitor", "false", "send the goal, judge the run, and end with it"),
        argument("goal", "", "'x y' or 'x y yaw' for the monitor to send; empty: the scenario's"),
        argument("out_dir", "", "folder for the monitor's result and pictures"),
    ]
    return LaunchDescription([*arguments, *common_arguments(), OpaqueFunction(function=start)])
