import math

import pytest
import yaml

from mme_ilqr_ros.geometry.pose import Pose
from mme_ilqr_ros.settings import flatten
from mme_ilqr_ros.simulation.robot_file import load_robot, robot_file, robot_names
from mme_ilqr_ros.simulation.scenario import load_scenario
from mme_ilqr_ros.simulation.settings import SimulatorSettings
from mme_ilqr_ros.simulation.world_file import ScenarioError

WORLD = "name: w\nstart: [0, 0, 0]\ngoal: [4, 0]\ncircles: [[2, 1, 0.3]]\nrobot: {}\n"


def written(folder, **blocks):
    content = {f"/**/{node}": {"ros__parameters": values} for node, values in blocks.items()}
    file = folder / "mine.yaml"
    file.write_text(yaml.safe_dump(content))
    return str(file)


@pytest.mark.parametrize(
    ("name", "top_speed", "radius"),
    [
        ("cart", 1.0, math.hypot(0.6, 0.3)),
        ("jackal", 2.0, math.hypot(0.254, 0.216)),
        ("turtlebot3", 0.22, 0.105),
        ("turtlebot4", 0.31, 0.19),
    ],
)
def test_the_shipped_robots_are_as_large_and_fast_as_their_data_sheets_say(name, top_speed, radius):
    robot = load_robot(name)
    assert (robot.vx_max, robot.radius) == (top_speed, pytest.approx(radius))
    assert robot.file == str(robot_file(name))


def test_there_are_four_robots_and_each_has_a_scenario():
    assert robot_names() == ["cart", "jackal", "turtlebot3", "turtlebot4"]
    homes = ["aisles_cart", "pillars_jackal", "house_turtlebot3", "office_turtlebot4"]
    for name, home in zip(robot_names(), homes, strict=True):
        assert load_scenario(home).robot == load_robot(name)


def test_all_nodes_agree_on_a_shipped_robot_s_shape():
    for name in robot_names():
        document = yaml.safe_load(robot_file(name).read_text())
        values = {
            node: document[f"/**/{node}"]["ros__parameters"] for node in ("controller", "planner")
        }
        shape = {"footprint", "robot_radius"}
        assert shape & values["controller"].keys()
        for key in shape:
            assert values["controller"].get(key) == values["planner"].get(key), name


def test_what_a_file_does_not_say_is_as_usual(tmp_path):
    robot = load_robot(written(tmp_path, controller={"vx_max": 0.5}))
    assert (robot.vx_max, robot.radius, robot.wz_max) == (0.5, 0.2, 1.5)
    assert robot.scanners == (("scan", Pose(0.0, 0.0, 0.0)),)


def test_scanners_come_from_the_simulator_s_block(tmp_path):
    scans = {"scan": {"mount_x": 0.3}, "scan_rear.beams": 90, "scan_rear.mount_x": -0.3}
    robot = load_robot(written(tmp_path, controller={"vx_max": 0.5}, simulator=scans))
    assert robot.scanners == (
        ("scan", Pose(0.3, 0.0, 0.0)),
        ("scan_rear", Pose(-0.3, 0.0, math.pi)),
    )
    assert flatten(SimulatorSettings())["scan.mount_x"] == 0.0


@pytest.mark.parametrize(
    ("blocks", "fault"),
    [
        ({"planner": {}}, "must hold a block /\\*\\*/controller"),
        ({"controller": {"vx_max": "fast"}}, "vx_max: must be a finite number, not 'fast'"),
        ({"controller": {"footprint": "[[0, 1], [1]]"}}, r"footprint: must be '\[\[x, y\], "),
        ({"controller": {"footprint": "[[0, 1], [1, 0]]"}}, "at least three corners, not 2"),
        ({"controller": {"vx_max": 1.0}, "simulator": {"scan": {"beans": 3}}}, "mean 'scan.beams'"),
    ],
)
def test_a_file_that_is_no_robot_s_is_refused_in_one_line(tmp_path, blocks, fault):
    with pytest.raises(ScenarioError, match=fault) as refused:
        load_robot(written(tmp_path, **blocks))
    assert "mine.yaml" in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_misspelt_robot_names_the_nearest():
    with pytest.raises(ScenarioError, match="did you mean 'turtlebot3'"):
        load_robot("turtlebot_3")


def test_a_scenario_names_its_robot(tmp_path):
    file = tmp_path / "w.yaml"
    file.write_text(WORLD.format("turtlebot4"))
    scenario = load_scenario(file)
    assert scenario.robot == load_robot("turtlebot4")
    assert scenario.limits_speed


def test_another_robot_can_drive_a_scenario_where_it_fits(tmp_path):
    file = tmp_path / "w.yaml"
    file.write_text(WORLD.format("turtlebot4") + "walls: [{center: [0.5, 0], size: [0.2, 4]}]")
    assert load_scenario(file, robot="turtlebot3").robot == load_robot("turtlebot3")
    with pytest.raises(ScenarioError, match=r"'w' with robot 'cart': start: .* in an obstacle"):
        load_scenario(file, robot="cart")
