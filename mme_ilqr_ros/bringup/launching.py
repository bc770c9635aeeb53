"""Launch actions from the declaration in `system`; only launch files import this."""

from __future__ import annotations

import dataclasses
import tempfile
from collections.abc import Sequence
from pathlib import Path

from ament_index_python.packages import PackageNotFoundError, get_package_prefix
from launch import LaunchContext
from launch.actions import DeclareLaunchArgument, LogInfo, Shutdown
from launch.substitutions import LaunchConfiguration
from launch_ros.actions import Node

from mme_ilqr_ros.bringup.system import (
    NAMES,
    PACKAGE,
    Choice,
    NodeSpec,
    default_file,
    parameter_files,
)
from mme_ilqr_ros.resources import share_path
from mme_ilqr_ros.simulation.robot_file import robot_names

TF_REMAPPINGS = [("/tf", "tf"), ("/tf_static", "tf_static")]  # transforms stay in the namespace


def common_arguments() -> list[DeclareLaunchArgument]:
    """Return the arguments that every launch file of the package has."""
    return [
        *(
            argument(name, "", f"{', '.join(names)}; empty: as in the parameter file")
            for name, names in NAMES.items()
        ),
        argument("robot", "", f"{', '.join(robot_names())}, or a parameter file of a robot"),
        argument("params_file", str(default_file()), "ROS parameter file"),
        argument("namespace", "", "namespace of all nodes"),
        argument("use_sim_time", "false", "follow /clock"),
        argument("use_rviz", "true", "start RViz, where it is installed"),
        argument("headless", "false", "start no window, even with use_rviz"),
        argument("log_level", "info", "debug, info, warn, error or fatal"),
    ]


def argument(name: str, default: str, description: str) -> DeclareLaunchArgument:
    """Declare an argument of a launch file."""
    return DeclareLaunchArgument(name, default_value=default, description=description)


def choice(context: LaunchContext) -> Choice:
    """Return what was chosen by name; what a launch file does not declare stays empty."""
    names = (field.name for field in dataclasses.fields(Choice))
    return Choice(**{name: context.launch_configurations.get(name, "") for name in names})


def value_of(context: LaunchContext, name: str) -> str:
    """Return the text of a launch argument."""
    return LaunchConfiguration(name).perform(context)


def is_set(context: LaunchContext, name: str) -> bool:
    """Return whether a launch argument says yes, in any of the ways people write it."""
    return value_of(context, name).lower() in ("true", "1", "yes", "on")


def node_actions(context: LaunchContext, specs: Sequence[NodeSpec]) -> list[Node]:
    """Return a launch action per node; the end of the run monitor ends the launch."""
    user_file = Path(value_of(context, "params_file"))
    folder = Path(tempfile.mkdtemp(prefix=f"{PACKAGE}_"))
    return [
        Node(
            package=PACKAGE,
            executable=spec.name,
            name=spec.name,
            namespace=value_of(context, "namespace"),
            parameters=[str(file) for file in parameter_files(spec, user_file, folder)],
            remappings=TF_REMAPPINGS,
            # The first rule that fits holds; a SetRemap round the launch file comes after these,
            # so that one of cmd_vel moves what leaves the safety node, and not what enters it.
            ros_arguments=[
                *(word for one, other in spec.remappings for word in ("-r", f"{one}:={other}")),
                *("--log-level", value_of(context, "log_level")),
            ],
            output="screen",
            emulate_tty=True,
            on_exit=[Shutdown(reason="the run is over")] if spec.name == "run_monitor" else None,
        )
        for spec in specs
    ]


def rviz_actions(context: LaunchContext) -> list[Node | LogInfo]:
    """Return RViz with the package's view, if it is wanted and installed."""
    if is_set(context, "headless") or not is_set(context, "use_rviz"):
        return []
    try:
        get_package_prefix("rviz2")
    except PackageNotFoundError:
        return [LogInfo(msg="rviz2 is not installed: there will be no window")]
    view = Node(
        package="rviz2",
        executable="rviz2",
        namespace=value_of(context, "namespace"),
        arguments=["-d", str(share_path("rviz", "mme_ilqr.rviz"))],
        parameters=[{"use_sim_time": is_set(context, "use_sim_time")}],
        remappings=[*TF_REMAPPINGS, *_RVIZ_TOPICS],
    )
    return [view]


# The view names its topics from the root; these bring them into the namespace.
_RVIZ_TOPICS = [
    (f"/{name}", name)
    for name in (
        "map",
        "plan",
        "local_plan",
        "scan",
        "odom",
        "goal_pose",
        "initialpose",
        "planner/cost_to_go",
        "controller/candidate_trajectories",
        "simulator/markers",
    )
]
