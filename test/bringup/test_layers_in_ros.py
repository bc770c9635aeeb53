"""The weight of parameter files as rcl itself reads them."""

import pytest

rclpy = pytest.importorskip("rclpy")

from rclpy.node import Node

from mme_ilqr_ros.bringup.system import NodeSpec, parameter_files

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

    def overrides(user_file=None, namespace=""):
        arguments = ["--ros-args"]
        for file in parameter_files(SPEC, user_file, tmp_path):
            arguments += ["--params-file", str(file)]
        node = Node("controller", context=context, namespace=namespace, cli_args=arguments)
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
