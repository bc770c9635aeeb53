import ast
from pathlib import Path

import pytest
import yaml

from mme_ilqr_ros.bringup import system
from mme_ilqr_ros.bringup.parameter_files import default_file, parameter_files
from mme_ilqr_ros.bringup.system import Choice
from mme_ilqr_ros.parameters.controller import ControllerNodeSettings
from mme_ilqr_ros.parameters.planner import PlannerNodeSettings
from mme_ilqr_ros.resources import share_path
from mme_ilqr_ros.settings import build
from mme_ilqr_ros.simulation.scenario import load_scenario

TRAP = load_scenario("trap")


def named(specs):
    return {spec.name: spec for spec in specs}


def test_a_simulation_is_simulator_planner_safety_node_and_controller():
    assert list(named(system.simulation_nodes(Choice(scenario="trap"), TRAP.robot))) == [
        "simulator",
        "planner",
        "safety",
        "controller",
    ]


def test_without_a_planner_the_controller_heads_for_the_goal_itself():
    nodes = named(system.navigation_nodes(Choice(planner="none")))
    assert list(nodes) == ["safety", "controller"]
    assert nodes["controller"].choices["use_plan"] is False


def test_commands_pass_through_the_safety_node_unless_it_is_left_out():
    nodes = named(system.navigation_nodes(Choice()))
    assert nodes["controller"].remappings == (("cmd_vel", "cmd_vel_unchecked"),)
    for word in ("false", "False", "0"):
        nodes = named(system.navigation_nodes(Choice(safety=word)))
        assert list(nodes) == ["planner", "controller"]
        assert nodes["controller"].remappings == ()


def test_choices_become_parameters():
    nodes = named(system.navigation_nodes(Choice("ilqr", "dijkstra")))
    assert nodes["controller"].choices == {"variant": "ilqr", "use_plan": True}
    assert nodes["planner"].choices == {"kind": "dijkstra"}


def test_guidance_is_the_controller_s():
    for specs in (
        system.navigation_nodes(Choice(guidance="cost_to_go")),
        system.simulation_nodes(Choice(guidance="cost_to_go"), TRAP.robot),
    ):
        assert named(specs)["controller"].choices["guidance"] == "cost_to_go"


def test_the_names_of_a_choice_are_those_that_the_nodes_take():
    for controller in system.NAMES["controller"]:
        build(ControllerNodeSettings, {"variant": controller})
    for planner in set(system.NAMES["planner"]) - {"none"}:
        build(PlannerNodeSettings, {"kind": planner})


def test_a_title_names_what_a_parameter_file_may_choose_by_the_file():
    assert Choice().title() == "mme_ilqr, planner id_vin"
    assert Choice("ilqr", "none").title(Path("a.yaml")) == "ilqr, planner none"
    assert Choice("ilqr").title(Path("/b/a.yaml")) == "ilqr, planner of a.yaml"


def test_what_is_not_chosen_is_left_to_the_parameter_file():
    nodes = named(system.navigation_nodes(Choice()))
    assert nodes["planner"].choices == {}
    assert {"variant", "guidance"}.isdisjoint(nodes["controller"].choices)


def test_the_scenario_s_robot_is_known_to_planner_and_controller():
    nodes = named(system.simulation_nodes(Choice(scenario="trap"), TRAP.robot))
    robot = TRAP.robot
    assert nodes["planner"].facts == {"robot_radius": robot.radius}
    assert nodes["controller"].facts["vx_max"] == robot.vx_max
    assert nodes["controller"].facts["az_max"] == robot.az_max
    assert nodes["safety"].facts == robot.limits


def test_on_simulated_time_the_simulator_makes_the_clock_and_the_others_follow():
    nodes = named(
        system.on_simulated_time(system.simulation_nodes(Choice(scenario="trap"), TRAP.robot))
    )
    assert nodes["simulator"].choices["publish_clock"] is True
    assert "use_sim_time" not in nodes["simulator"].choices
    assert nodes["controller"].choices["use_sim_time"] is True


def test_a_simulation_may_run_slower_than_real_time():
    specs = system.simulation_nodes(Choice(scenario="trap"), TRAP.robot)
    nodes = named(system.on_simulated_time(specs, 0.3))
    assert nodes["simulator"].choices["speed_factor"] == 0.3
    assert "speed_factor" not in nodes["controller"].choices
    assert "speed_factor" not in named(system.on_simulated_time(specs))["simulator"].choices


def all_specs():
    choice = Choice("ilqr", "dijkstra", "path", "trap", "a", "4 0")
    report = {"setup": "a test", "out_dir": "out", "progress_period": 1.0}
    nodes = [*system.simulation_nodes(choice, TRAP.robot), system.monitor_node(choice, report)]
    viewer = system.viewer_node(Choice(nav2="true"), TRAP.robot)
    return [*nodes, system.recorder_node(choice, "run.mcap"), viewer]


def test_every_parameter_that_is_set_is_declared():
    document = yaml.safe_load(share_path("config", "mme_ilqr.yaml").read_text())
    for spec in all_specs():
        declared = document[f"/**/{spec.name}"]["ros__parameters"]
        assert set(spec.facts) | set(spec.choices) <= set(declared), spec.name


def test_every_node_has_a_console_script_of_its_name():
    setup = Path(system.__file__).resolve().parents[2] / "setup.py"
    if not setup.is_file():
        pytest.skip("the package under test is installed")
    (line,) = [row for row in setup.read_text().splitlines() if row.startswith("NODES = ")]
    assert set(ast.literal_eval(line.removeprefix("NODES = "))) == set(named(all_specs()))


def test_the_user_s_file_lies_between_the_scenario_and_what_was_chosen(tmp_path):
    user = tmp_path / "user.yaml"
    user.write_text("/**/controller:\n  ros__parameters:\n    vx_max: 0.4\n")
    controller = named(all_specs())["controller"]
    names = [file.name for file in parameter_files(controller, user, tmp_path)]
    assert names == [
        "mme_ilqr.yaml",
        "controller_facts.yaml",
        "user.yaml",
        "controller_choices.yaml",
    ]


def test_the_default_file_given_as_the_user_s_does_not_overrule_the_scenario(tmp_path):
    controller = named(all_specs())["controller"]
    files = parameter_files(controller, default_file(), tmp_path)
    assert files.count(default_file()) == 1


def by_lidar(**given):
    scenario = load_scenario("trap", robot=given.get("robot", ""))
    choice = Choice(scenario="trap", sensing="lidar", **given)
    return named(
        [*system.simulation_nodes(choice, scenario.robot), system.monitor_node(choice, {})]
    )


def test_by_lidar_nothing_but_scans_and_odometry_is_told():
    nodes = by_lidar()
    assert nodes["simulator"].choices["publish_map"] is False
    assert nodes["simulator"].choices["publish_obstacles"] is False
    assert nodes["controller"].facts["scan_topics"] == ("scan",)
    assert nodes["controller"].choices["use_map"] is False
    assert nodes["planner"].choices["use_evidence"] is True


def test_without_lidar_the_nodes_get_what_they_always_got():
    known = named(system.simulation_nodes(Choice(scenario="trap", sensing="known"), TRAP.robot))
    assert known == named(system.simulation_nodes(Choice(scenario="trap"), TRAP.robot))
    assert known["simulator"].choices == {"scenario": "trap", "world_id": "", "robot": ""}
    assert {"scan_topics", "scanner_poses", "use_map"}.isdisjoint(known["controller"].facts)


def test_a_robot_that_exists_drives_by_lidar_with_a_map_or_without():
    """Its map server runs or not; where its scanners sit, its transforms tell."""
    nodes = named(system.navigation_nodes(Choice(sensing="lidar", robot="cart")))
    assert nodes["controller"].facts["scan_topics"] == ("scan", "scan_rear")
    assert "scanner_poses" not in nodes["controller"].facts
    assert "use_map" not in nodes["controller"].choices
    assert nodes["planner"].choices["use_evidence"] is True


def test_every_scanner_of_a_robot_is_heard_where_it_sits():
    facts = by_lidar(robot="cart")["controller"].facts
    assert facts["scan_topics"] == ("scan", "scan_rear")
    assert facts["scanner_poses"] == ("0.6 0.3 0.785398", "-0.6 -0.3 -2.35619")


def test_a_robot_s_file_lies_between_the_scenario_and_the_user_s(tmp_path):
    user = tmp_path / "user.yaml"
    user.write_text("/**/controller:\n  ros__parameters:\n    vx_max: 0.1\n")
    for name in ("simulator", "planner", "controller"):
        files = parameter_files(by_lidar(robot="turtlebot3")[name], user, tmp_path)
        names = [file.name for file in files]
        robot = names.index("turtlebot3.yaml")
        assert names.index("mme_ilqr.yaml") < robot < names.index("user.yaml")
        assert f"{name}_facts.yaml" not in names[robot:]


def test_what_lidar_sets_is_declared():
    document = yaml.safe_load(share_path("config", "mme_ilqr.yaml").read_text())
    for spec in by_lidar(robot="cart").values():
        declared = document[f"/**/{spec.name}"]["ros__parameters"]
        assert set(spec.facts) | set(spec.choices) <= set(declared), spec.name


def test_the_safety_node_watches_the_scanners_that_the_controller_drives_by():
    assert by_lidar(robot="cart")["safety"].facts["scan_topics"] == ("scan", "scan_rear")
    assert "scan_topics" not in named(system.navigation_nodes(Choice()))["safety"].facts


def test_in_nav2_s_seats_the_nodes_have_its_names_and_wait_for_its_manager(tmp_path):
    nodes = named(system.navigation_nodes(Choice(nav2="true")))
    waiting = {"autostart_node": False, "serve_navigation": False}
    for name, called in (("planner", "planner_server"), ("controller", "controller_server")):
        assert nodes[name].called == called
        assert nodes[name].choices.items() >= waiting.items()
    assert nodes["controller"].remappings == (("cmd_vel", "cmd_vel_unchecked"),)
    assert nodes["safety"].remappings == (("cmd_vel", "cmd_vel_nav"),)
    assert "autostart_node" not in nodes["safety"].choices
    alone = named(system.navigation_nodes(Choice(nav2="true", safety="false")))
    assert alone["controller"].remappings == (("cmd_vel", "cmd_vel_nav"),)


@pytest.mark.parametrize("key", ["/**/controller", "controller_server", "/robot/controller_server"])
def test_what_a_file_says_of_a_node_holds_under_the_name_of_nav2_too(key, tmp_path):
    user = tmp_path / "mine.yaml"
    user.write_text(yaml.safe_dump({key: {"ros__parameters": {"vx_max": 0.4}}}))
    nodes = named(system.navigation_nodes(Choice(nav2="true")))
    said = {}
    for name, called in (("controller", "controller_server"), ("safety", "safety")):
        for file in parameter_files(nodes[name], user, tmp_path):
            for key, block in yaml.safe_load(file.read_text()).items():
                if key.endswith(f"/{called}") or key == called:
                    said.setdefault(called, {}).update(block["ros__parameters"])
    assert said["controller_server"]["vx_max"] == said["safety"]["vx_max"] == 0.4
    assert said["controller_server"]["autostart_node"] is False
    assert "costs" in said["controller_server"]  # of the default file


def test_planner_and_controller_may_be_left_to_a_manager():
    nodes = named(system.navigation_nodes(Choice(autostart="false")))
    assert nodes["planner"].choices == {"autostart_node": False}
    assert nodes["controller"].choices["autostart_node"] is False


def test_whether_velocities_carry_a_stamp_is_told_to_all_that_send_or_take_them():
    nodes = system.simulation_nodes(Choice(enable_stamped_cmd_vel="true"), TRAP.robot)
    nodes.append(system.monitor_node(Choice(enable_stamped_cmd_vel="true"), {}))
    told = {spec.name for spec in nodes if spec.choices.get("enable_stamped_cmd_vel")}
    assert told == {"simulator", "controller", "safety", "run_monitor"}


def test_the_recorder_knows_the_nodes_by_their_names():
    assert system.recorder_node(Choice(), "a.mcap").choices == {"file": "a.mcap"}
    assert system.recorder_node(Choice(), "", "drives").choices == {"drives": True}
    topics = system.recorder_node(Choice(nav2="true"), "").facts["topics"]
    assert {"controller_server/tracks", "planner_server/cost_to_go", "safety/state"} <= set(topics)
