"""Launch actions from the declaration in `system`; only launch files import this."""

from __future__ import annotations

import dataclasses
import tempfile
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

from ament_index_python.packages import PackageNotFoundError, get_package_prefix
from launch import LaunchContext
from launch.actions import DeclareLaunchArgument, LogInfo, Shutdown
from launch.substitutions import LaunchConfiguration
from launch_ros.actions import Node

from mme_ilqr_ros.bringup.parameter_files import default_file, parameter_files
from mme_ilqr_ros.bringup.system import (
    NAMES,
    NAV2_NAMES,
    PACKAGE,
    Choice,
    NodeSpec,
    on_simulated_time,
    recorder_node,
    says_yes,
    viewer_node,
)
from mme_ilqr_ros.resources import share_path
from mme_ilqr_ros.simulation.robot import RobotSpec
from mme_ilqr_ros.simulation.robot_file import robot_names

TF_REMAPPINGS = [("/tf", "tf"), ("/tf_static", "tf_static")]  # transforms stay in the namespace
TOGETHER = ("planner", "controller")  # what the executable `navigation` runs
RESPAWN_DELAY = 2.0  # s


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
        argument("autostart", "", "false: planner and controller wait for a lifecycle manager"),
        argument("nav2", "false", "names of nav2's servers; wait for nav2's lifecycle manager"),
        argument("enable_stamped_cmd_vel", "", "true or false; empty: as in the parameter file"),
        argument("use_composition", "false", "planner and controller in one process"),
        argument("use_respawn", "false", "start a node again that has ended"),
        argument("record", "false", "true: everything into an MCAP file; drives: to learn from"),
        argument("record_file", "", "this file; empty: one with date and time"),
        argument("viewer", "false", "show everything on a web page of this machine"),
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
    return says_yes(value_of(context, name))


def node_actions(context: LaunchContext, specs: Sequence[NodeSpec]) -> list[Node]:
    """Return a launch action per process; the end of the run monitor ends the launch."""
    processes = {spec.name: [spec] for spec in specs}
    if is_set(context, "use_composition") and processes.keys() >= set(TOGETHER):
        processes["navigation"] = [processes.pop(name)[0] for name in TOGETHER]
    folder = Path(tempfile.mkdtemp(prefix=f"{PACKAGE}_"))
    return [_process(context, name, inside, folder) for name, inside in processes.items()]


def _process(
    context: LaunchContext, executable: str, specs: Sequence[NodeSpec], folder: Path
) -> Node:
    user_file = Path(value_of(context, "params_file"))
    # The first rule that fits holds; a SetRemap round the launch file comes after these, so that
    # one of cmd_vel moves what leaves the safety node, and not what enters it.
    rules = [f"{one}:={other}" for spec in specs for one, other in spec.remappings]
    only = specs[0] if len(specs) == 1 else None
    if only is None:
        rules += [f"{spec.name}:__node:={spec.called}" for spec in specs if spec.called]
    ends_all, is_ours = executable == "run_monitor", executable not in ("simulator", "run_monitor")
    return Node(
        package=PACKAGE,
        executable=executable,
        name=only and (only.called or only.name),
        namespace=value_of(context, "namespace"),
        parameters=[
            str(file) for spec in specs for file in parameter_files(spec, user_file, folder)
        ],
        remappings=TF_REMAPPINGS,
        ros_arguments=[
            *(word for rule in rules for word in ("-r", rule)),
            *("--log-level", value_of(context, "log_level")),
        ],
        output="screen",
        emulate_tty=True,
        respawn=is_ours and is_set(context, "use_respawn"),
        respawn_delay=RESPAWN_DELAY,
        on_exit=[Shutdown(reason="the run is over")] if ends_all else None,
    )


def record_actions(context: LaunchContext) -> list[Node | LogInfo]:
    """Return the recorder, if it is wanted and its library is installed."""
    drives = value_of(context, "record").lower() == "drives"
    if not drives and not is_set(context, "record"):
        return []
    if find_spec("mcap") is None:
        hint = "pip install 'mme_ilqr_ros[record]', or pip install mcap"
        return [LogInfo(msg=f"nothing will be recorded: mcap is missing; {hint}")]
    what = "drives" if drives else "all"
    nodes = [recorder_node(choice(context), value_of(context, "record_file"), what)]
    if is_set(context, "use_sim_time"):
        nodes = on_simulated_time(nodes)
    return [*node_actions(context, nodes)]


def viewer_actions(context: LaunchContext, robot: RobotSpec | None = None) -> list[Node | LogInfo]:
    """Return the viewer, if it is wanted and its library is installed."""
    if not is_set(context, "viewer"):
        return []
    if find_spec("aiohttp") is None:
        hint = "pip install 'mme_ilqr_ros[live]', or apt install python3-aiohttp"
        return [LogInfo(msg=f"there will be no page: aiohttp is missing; {hint}")]
    nodes = [viewer_node(choice(context), robot)]
    if is_set(context, "use_sim_time"):
        nodes = on_simulated_time(nodes)
    return [*node_actions(context, nodes)]


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
        remappings=[*TF_REMAPPINGS, *_rviz_topics(choice(context))],
    )
    return [view]


def _rviz_topics(chosen: Choice) -> list[tuple[str, str]]:
    """Return what brings the view's topics, named from the root, into the namespace."""
    if not chosen.is_in_nav2:
        return RVIZ_TOPICS
    servers = [(f"{name}/", f"{server}/") for name, server in NAV2_NAMES.items()]
    found = []
    for absolute, name in RVIZ_TOPICS:
        for ours, theirs in servers:
            name = name.replace(ours, theirs)
        found.append((absolute, name))
    return found


RVIZ_TOPICS = [
    (f"/{name}", name)
    for name in (
        *("map", "evidence", "plan", "local_plan", "scan", "odom", "goal_pose", "initialpose"),
        *("planner/cost_to_go", "controller/candidate_trajectories", "controller/tracks"),
        "simulator/markers",
    )
]
"""What the view names, and what it is in a namespace."""
