"""The simulation of mme_ilqr_ros with the robot and the costs of this package."""

from pathlib import Path

from ament_index_python.packages import get_package_share_directory
from launch import LaunchDescription
from launch.actions import DeclareLaunchArgument, IncludeLaunchDescription
from launch.launch_description_sources import PythonLaunchDescriptionSource
from launch.substitutions import LaunchConfiguration


def generate_launch_description():
    """Return the simulation with this package's parameter file."""
    here, main = (Path(get_package_share_directory(p)) for p in ("my_robot", "mme_ilqr_ros"))
    simulation = PythonLaunchDescriptionSource(str(main / "launch" / "simulation.launch.py"))
    given = {
        "params_file": str(here / "config" / "my_robot.yaml"),
        "scenario": LaunchConfiguration("scenario"),
        "monitor": LaunchConfiguration("monitor"),
        "out_dir": LaunchConfiguration("out_dir"),
    }
    return LaunchDescription(
        [
            DeclareLaunchArgument("scenario", default_value="forest"),
            DeclareLaunchArgument("monitor", default_value="true"),
            DeclareLaunchArgument("out_dir", default_value=""),
            IncludeLaunchDescription(simulation, launch_arguments=given.items()),
        ]
    )
