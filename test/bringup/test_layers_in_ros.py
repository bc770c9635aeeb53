"""The weight of parameter files as rcl itself reads them."""

import pytest

rclpy = pytest.importorskip("rclpy")

from rclpy.node import Node

from mme_ilqr_ros.bringup.parameter_files import parameter_files
from mme_ilqr_ros.bringup.system import Choice, NodeSpec, navigation_nodes
from mme_ilqr_ros.simulation.robot import RobotSpec

SPEC = NodeSpec("controller", facts={"vx_max": 0.7, "ax_max": 1.5}, choices={"variant": "ilqr"})
USER = """\
{key}:
  ros__parameters:
    vx_max: 0.4
    variant: "me_ilqr"
    mme:
      n_modes: 5
"""


@pytest.fixture
def overrides(tmp_path, ros_domain):
    """Return a function from a user's file and a namespace to the values that rcl hands out."""
    context = rclpy.Context()
    rclpy.init(context=context, domain_id=ros_domain)

    def overrides(user_file=None, namespace="", spec=SPEC):
        arguments = ["--ros-args"]
        for file in parameter_files(spec, user_file, tmp_path):
            arguments += ["--params-file", str(file)]
        node = Node(spec.name, context=context, namespace=namespace, cli_args=arguments)
        values = {name: given.value for name, given in node._parameter_overrides.items()}
        node.destroy_node()
        return values

    yield overrides
    rclpy.shutdown(context=context)


def test_the_scenario_overrules_the_defaults(overrides):
    values = overrides()
    assert (values["vx_max"], values["ax_max"], values["wz_max"]) == (0.7, 1.5, 1.5)


@pytest.mark.parametrize(
    ("key", "namespace"),
    [
        ("/**/controller", ""),
        ("/**/controller", "robot1"),
        ("/**", "robot1"),
        ("controller", ""),
        ("/robot1/controller", "robot1"),
    ],
)
def test_the_user_overrules_the_scenario_with_every_way_to_name_the_node(
    overrides, tmp_path, key, namespace
):
    file = tmp_path / "user.yaml"
    file.write_text(USER.format(key=key))
    values = overrides(file, namespace)
    assert (values["vx_max"], values["ax_max"], values["mme.n_modes"]) == (0.4, 1.5, 5)


@pytest.mark.parametrize("key", ["/**/controller", "/**", "controller", "/robot1/controller"])
def test_what_was_chosen_by_name_overrules_every_file(overrides, tmp_path, key):
    file = tmp_path / "user.yaml"
    file.write_text(USER.format(key=key))
    assert overrides(file, "robot1" if "robot1" in key else "")["variant"] == "ilqr"


def test_nested_keys_of_a_namespace_are_overruled_too(overrides, tmp_path):
    file = tmp_path / "user.yaml"
    block = "robot1:\n  controller:\n    ros__parameters:\n      {}\n"
    file.write_text(block.format('{variant: "me_ilqr", vx_max: 0.4}'))
    values = overrides(file, "robot1")
    assert (values["variant"], values["vx_max"]) == ("ilqr", 0.4)


def test_a_file_that_is_no_yaml_is_left_to_rcl(tmp_path):
    file = tmp_path / "user.yaml"
    file.write_text("a: [1, 2")
    assert file in parameter_files(SPEC, file, tmp_path)


def safety(choice, robot=None):
    (spec,) = [spec for spec in navigation_nodes(choice, robot) if spec.name == "safety"]
    return spec


LIMITS = "{vx_max: 0.4, wz_max: 0.7, scan_timeout: 1.0, enable_stamped_cmd_vel: true}"


@pytest.mark.parametrize("key", ["/**/controller", "controller", "/robot1/controller", "/**"])
def test_what_a_user_says_of_the_controller_s_robot_holds_for_the_safety_node(
    overrides, tmp_path, key
):
    file = tmp_path / "user.yaml"
    file.write_text(f"{key}:\n  ros__parameters: {LIMITS}\n")
    spec = safety(Choice(), RobotSpec(vx_max=0.9, az_max=3.0))
    values = overrides(file, "robot1" if "robot1" in key else "", spec)
    assert (values["vx_max"], values["wz_max"], values["az_max"]) == (0.4, 0.7, 3.0)
    assert values["enable_stamped_cmd_vel"] is True
    assert (values["scan_timeout"] == 1.0) is (key == "/**")  # each node has its own


def test_what_a_user_says_of_the_safety_node_itself_wins(overrides, tmp_path):
    file = tmp_path / "user.yaml"
    block = "/**/{}:\n  ros__parameters: {{vx_max: {}}}\n"
    file.write_text(block.format("safety", 0.3) + block.format("controller", 0.4))
    assert overrides(file, spec=safety(Choice()))["vx_max"] == 0.3


def test_a_shipped_robot_s_limits_hold_for_the_safety_node(overrides):
    values = overrides(spec=safety(Choice(robot="cart")))
    assert (values["vx_min"], values["ax_max"], values["az_max"]) == (-0.3, 0.8, 1.6)
