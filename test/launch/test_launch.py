"""The launch files under the real `ros2 launch`; skipped where ROS 2's launch is not installed."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest
import yaml

pytest.importorskip("launch_ros")
pytest.importorskip("ros2launch")
rclpy = pytest.importorskip("rclpy")

from geometry_msgs.msg import PoseStamped
from nav_msgs.msg import Odometry
from rclpy.context import Context
from rclpy.executors import SingleThreadedExecutor

REPOSITORY = Path(__file__).resolve().parents[2]
NAME = "mme_ilqr_ros"
NODES = ("planner", "controller", "simulator", "run_monitor", "safety")
ROS2 = shutil.which("ros2") or str(Path(sys.executable).with_name("ros2"))
START_UP = 90.0  # s for everything to be up; the first start on a machine compiles
PATIENTLY = ("--no-daemon", "--spin-time", "3.0")  # no process is left behind; time to be found
# What every ROS 2 node has besides its own parameters.
ROS_PARAMETERS = {"use_sim_time", "start_type_description_service"}
ROS_TOPICS = {"/rosout", "/parameter_events"}


@pytest.fixture
def environment(pip_prefix, tmp_path, ros_domain):
    return environment_of(pip_prefix, tmp_path, ros_domain)


def environment_of(prefix, log_folder, domain):
    """Return the environment of a terminal that has sourced `prefix`, in a domain of its own."""
    (package,) = prefix.rglob(f"{NAME}/__init__.py")
    prefixes = (str(prefix), os.environ.get("AMENT_PREFIX_PATH", sys.prefix))
    paths = (str(package.parents[1]), os.environ.get("PYTHONPATH"))
    return {
        **os.environ,
        "AMENT_PREFIX_PATH": os.pathsep.join(prefixes),
        "PYTHONPATH": os.pathsep.join(filter(None, paths)),
        "ROS_AUTOMATIC_DISCOVERY_RANGE": "LOCALHOST",
        "ROS_DOMAIN_ID": str(domain),
        "ROS_LOG_DIR": str(log_folder),
        "ROS_PYTHON_CHECK_FIELDS": "1",
        "OMP_NUM_THREADS": "1",
    }


class Launched:
    """A running `ros2 launch`, with all that it and its nodes write."""

    def __init__(self, process, log_file):
        self.process = process
        self._log_file = log_file

    @property
    def output(self):
        return self._log_file.read_text()

    def wait_for(self, *texts, seconds=START_UP):
        """Wait until every text was written."""
        deadline = time.monotonic() + seconds
        while not all(text in self.output for text in texts):
            assert time.monotonic() < deadline, f"no {texts} in\n{self.output}"
            assert self.process.poll() is None, f"it ended:\n{self.output}"
            time.sleep(0.1)


@contextmanager
def launched(environment, tmp_path, file, *arguments, prefix=(NAME,)):
    """Run `ros2 launch`; end it the way Ctrl-C does, nodes and all."""
    log_file = tmp_path / f"launch_{len(list(tmp_path.glob('launch_*')))}.txt"
    with log_file.open("w") as log:
        process = subprocess.Popen(
            [ROS2, "launch", *prefix, file, "headless:=true", *arguments],
            cwd=tmp_path,
            env=environment,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            # A test run in the background ignores SIGINT, and its children would too.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        )
    try:
        yield Launched(process, log_file)
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGINT)
            try:
                process.wait(20.0)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                raise


def ros2(environment, *arguments):
    """Return what a `ros2` command writes."""
    command = [ROS2, *arguments]
    told = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60)
    assert told.returncode == 0, told.stderr
    return told.stdout


@contextmanager
def probe(environment):
    """Give a node in the domain of `environment`, and a function that spins until a condition."""
    context = Context()
    rclpy.init(context=context, domain_id=int(environment["ROS_DOMAIN_ID"]))
    node = rclpy.create_node("probe", context=context)
    executor = SingleThreadedExecutor(context=context)
    executor.add_node(node)

    def spin_until(condition, seconds=START_UP):
        deadline = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < deadline, "waited in vain"
            executor.spin_once(timeout_sec=0.1)

    try:
        yield node, spin_until
    finally:
        executor.shutdown()
        node.destroy_node()
        rclpy.try_shutdown(context=context)


def keys(parameters, prefix=""):
    """Return the dotted names of a parameter tree."""
    names = set()
    for key, value in parameters.items():
        is_group = isinstance(value, dict)
        names |= keys(value, f"{prefix}{key}.") if is_group else {f"{prefix}{key}"}
    return names


def dump(environment, node):
    """Return what `ros2 param dump` says of a node."""
    return yaml.safe_load(ros2(environment, "param", "dump", f"/{node}", *PATIENTLY))


@pytest.mark.parametrize("way", ["pip", "colcon"])
@pytest.mark.parametrize("arguments", [(), ("use_sim_time:=true",)], ids=["wall", "sim_time"])
def test_the_robot_gets_past_the_trap(way, arguments, request, tmp_path, ros_domain):
    prefix = request.getfixturevalue(f"{way}_prefix")
    arguments = (*arguments, "scenario:=trap", "monitor:=true", f"out_dir:={tmp_path / 'out'}")
    environment = environment_of(prefix, tmp_path, ros_domain)
    with launched(environment, tmp_path, "simulation.launch.py", *arguments) as launch:
        launch.process.wait(START_UP + 60.0)
    result = json.loads((tmp_path / "out" / "result.json").read_text())
    assert result["outcome"] == "success", launch.output
    assert "result: trap: success" in launch.output
    assert {file.name for file in (tmp_path / "out").iterdir()} >= {"run.png", "run.gif"}
    with pytest.raises(ProcessLookupError):
        os.killpg(launch.process.pid, 0)


def test_by_lidar_nothing_but_scans_and_odometry_is_told(environment, tmp_path):
    out = tmp_path / "out"
    arguments = ("scenario:=u_pocket", "sensing:=lidar", "robot:=turtlebot4", "monitor:=true")
    arguments = (*arguments, f"out_dir:={out}")
    with launched(environment, tmp_path, "simulation.launch.py", *arguments) as launch:
        launch.wait_for("the clock runs", seconds=3.0 * START_UP)  # kernels may be compiled
        with probe(environment) as (node, spin_until):
            spin_until(lambda: node.count_publishers("/scan") and node.count_publishers("/odom"))
            assert not node.count_publishers("/map")
            assert not node.count_publishers("/obstacles")
        launch.process.wait(START_UP + 60.0)
    result = json.loads((out / "result.json").read_text())
    assert result["outcome"] == "success", launch.output


def test_the_nodes_have_the_parameters_of_the_config_file(environment, tmp_path):
    config = yaml.safe_load((REPOSITORY / "config" / "mme_ilqr.yaml").read_text())
    arguments = ("monitor:=true", "controller:=ilqr", "planner:=id_vin")  # long in the pocket
    with launched(environment, tmp_path, "simulation.launch.py", *arguments) as launch:
        launch.wait_for("goal (6.00, 0.00) is sent")
        with ThreadPoolExecutor() as together:
            texts = together.map(lambda name: dump(environment, name), NODES)
            dumps = dict(zip(NODES, texts, strict=True))
    for name in NODES:
        declared = keys(dumps[name][f"/{name}"]["ros__parameters"]) - ROS_PARAMETERS
        assert declared == keys(config[f"/**/{name}"]["ros__parameters"]), name


def test_a_params_file_reaches_the_nodes_also_in_a_namespace(environment, tmp_path):
    file = tmp_path / "mine.yaml"
    file.write_text("/**/controller:\n  ros__parameters:\n    vx_max: 0.4\n")
    arguments = (f"params_file:={file}", "namespace:=robot", "controller:=ilqr")
    with launched(environment, tmp_path, "simulation.launch.py", *arguments) as launch:
        launch.wait_for("ready: ilqr at 20 Hz")
        told = ros2(environment, "param", "get", "/robot/controller", "vx_max", *PATIENTLY)
    assert "0.4" in told


@pytest.mark.parametrize("file", ["simulation.launch.py", "navigation.launch.py"])
def test_guidance_reaches_the_controller(file, environment, tmp_path):
    arguments = ("controller:=ilqr", "planner:=none", "guidance:=cost_to_go")
    with launched(environment, tmp_path, file, *arguments) as launch:
        launch.wait_for('guidance: "cost_to_go" is ignored with use_plan: false')


def test_two_robots_in_namespaces_keep_apart(environment, tmp_path):
    """Both have the goal's topic, but only the one that is called drives."""
    first = launched(environment, tmp_path, "simulation.launch.py", "namespace:=first")
    second = launched(environment, tmp_path, "simulation.launch.py", "namespace:=second")
    positions = {}

    def remember(name):
        def take(odometry):
            positions[name] = odometry.pose.pose.position.x

        return take

    with first as one, second as other, probe(environment) as (node, spin_until):
        for name in ("first", "second"):
            node.create_subscription(Odometry, f"/{name}/odom", remember(name), 10)
        goals = node.create_publisher(PoseStamped, "/first/goal_pose", 10)
        for launch in (one, other):
            launch.wait_for("ready: mme_ilqr at 20 Hz", "map of")
        spin_until(lambda: len(positions) == 2 and goals.get_subscription_count() == 2)
        goal = PoseStamped()
        goal.header.frame_id = "map"
        goal.pose.position.x = 6.0
        goal.pose.orientation.w = 1.0
        goals.publish(goal)
        spin_until(lambda: positions["first"] > 2.0, seconds=30.0)
        topics = {name for name, _ in node.get_topic_names_and_types()}
    assert abs(positions["second"]) < 1e-6
    assert not {
        topic for topic in topics - ROS_TOPICS if not topic.startswith(("/first", "/second"))
    }
    for launch in (one, other):
        assert launch.output.count("process has finished cleanly") == 4, launch.output
        assert "Traceback" not in launch.output


@pytest.mark.parametrize("file", ["simulation.launch.py", "navigation.launch.py"])
def test_the_launch_files_tell_their_arguments(file, environment):
    told = ros2(environment, "launch", NAME, file, "--show-args")
    common = {"params_file", "namespace", "use_sim_time", "use_rviz", "log_level", "headless"}
    common |= {"controller", "planner", "guidance", "sensing", "robot", "safety"}
    common |= {"autostart", "nav2", "enable_stamped_cmd_vel", "use_composition", "use_respawn"}
    common |= {"record", "record_file"}
    own = {"scenario", "monitor"} if file.startswith("simulation") else set()
    assert {name for name in common | own if f"'{name}':" in told} == common | own


def test_navigation_alone_waits_for_a_robot(environment, tmp_path):
    with launched(environment, tmp_path, "navigation.launch.py") as launch:
        launch.wait_for("ready: mme_ilqr at 20 Hz", "[planner]: ready")
        names = ros2(environment, "node", "list", *PATIENTLY).split()
    assert sorted(names) == ["/controller", "/planner", "/safety"]
    assert launch.output.count("process has finished cleanly") == 3, launch.output


@pytest.mark.parametrize("together", ["true", "false"])
def test_in_nav2_s_seats_they_have_its_names_and_leave_commands_to_it(
    together, environment, tmp_path
):
    arguments = ("nav2:=true", "autostart:=true", f"use_composition:={together}")
    with launched(environment, tmp_path, "navigation.launch.py", *arguments) as launch:
        launch.wait_for("[planner_server]: ready", "[controller_server]: ready", "[safety]: ready")
        with probe(environment) as (node, spin_until):
            spin_until(lambda: node.count_publishers("/cmd_vel_nav"))
            assert not node.count_publishers("/cmd_vel")
        told = ros2(environment, "param", "get", "/planner_server", "serve_navigation", *PATIENTLY)
    assert "False" in told
    assert "unknown parameter" not in launch.output


def test_a_node_that_died_comes_back_and_the_record_stays_readable(environment, tmp_path):
    mcap = pytest.importorskip("mcap.reader")
    file = tmp_path / "run.mcap"
    arguments = ("use_respawn:=true", "record:=true", f"record_file:={file}")
    with launched(environment, tmp_path, "simulation.launch.py", *arguments) as launch:
        launch.wait_for("ready: mme_ilqr at", "[recorder]: ready", "[planner]: ready")
        (pid,) = re.findall(r"\[planner-\d+\]: process started with pid \[(\d+)\]", launch.output)
        os.kill(int(pid), signal.SIGKILL)
        deadline = time.monotonic() + START_UP
        while launch.output.count("[planner]: ready") < 2:
            assert time.monotonic() < deadline, launch.output
            time.sleep(0.1)
    with file.open("rb") as stream:
        channels = mcap.make_reader(stream).get_summary().channels.values()
    assert {"/odom", "/map", "/diagnostics", "/safety/state"} <= {c.topic for c in channels}


def test_a_robot_and_costs_of_another_package_drive(environment, tmp_path):
    """The example package, named by its parameter file; its folder is on the nodes' path."""
    example = REPOSITORY / "examples" / "my_robot_package"
    paths = os.pathsep.join((str(example), environment["PYTHONPATH"]))
    given = (f"params_file:={example / 'config' / 'my_robot.yaml'}", "monitor:=true")
    own = {**environment, "PYTHONPATH": paths}
    with launched(own, tmp_path, "simulation.launch.py", *given) as run:
        run.wait_for("the clock runs", seconds=3.0 * START_UP)  # its kernel is compiled
        told = ros2(own, "param", "get", "/controller", "costs.keep_right.weight", *PATIENTLY)
        assert "0.3" in told
        run.wait_for("success after")


def test_a_remapping_round_the_launch_file_moves_what_leaves_the_safety_node(environment, tmp_path):
    """As with nav2: the controller's commands stay before the safety node."""
    around = tmp_path / "around.launch.py"
    around.write_text(AROUND)
    with (
        launched(environment, tmp_path, around, prefix=()) as launch,
        probe(environment) as (node, spin_until),
    ):
        launch.wait_for("ready: mme_ilqr at 20 Hz", "to cmd_vel")
        spin_until(lambda: node.count_publishers("/cmd_vel_nav"))
        (publisher,) = node.get_publishers_info_by_topic("/cmd_vel_nav")
        assert publisher.node_name == "safety"
        (publisher,) = node.get_publishers_info_by_topic("/cmd_vel_unchecked")
        assert publisher.node_name == "controller"
        assert not node.count_publishers("/cmd_vel")


AROUND = """\
from launch import LaunchDescription
from launch.actions import GroupAction, IncludeLaunchDescription
from launch.substitutions import PathJoinSubstitution
from launch_ros.actions import SetRemap
from launch_ros.substitutions import FindPackageShare

FILE = PathJoinSubstitution([FindPackageShare("mme_ilqr_ros"), "launch", "navigation.launch.py"])


def generate_launch_description():
    included = IncludeLaunchDescription(FILE, launch_arguments={"planner": "none"}.items())
    return LaunchDescription([GroupAction([SetRemap("cmd_vel", "cmd_vel_nav"), included])])
"""
