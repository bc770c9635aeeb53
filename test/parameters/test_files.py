import pytest

from mme_ilqr_ros.benchmark.setup import Setup
from mme_ilqr_ros.parameters.files import read_parameters
from mme_ilqr_ros.resources import share_path
from mme_ilqr_ros.settings import SettingError
from mme_ilqr_ros.simulation.scenario import load_scenario


def write(folder, text):
    path = folder / "params.yaml"
    path.write_text(text)
    return path


def test_the_shipped_file_is_taken():
    parameters = read_parameters(share_path("config", "mme_ilqr.yaml"))
    assert parameters.controller["mme.n_modes"] == 8
    assert parameters.planner["kind"] == "id_vin"
    assert parameters.controller["field_max_distance"] == 2.0


def test_the_file_overrules_the_world_and_the_command_line_the_file(tmp_path):
    path = write(
        tmp_path,
        "/**/controller:\n  ros__parameters:\n    vx_max: 0.4\n    variant: ilqr\n    seed: 5\n"
        "    mme: {n_modes: 3}\n"
        "/**:\n  ros__parameters:\n    robot_radius: 0.3\n"
        "simulator:\n  ros__parameters: {command_delay: 0.1}\n",
    )
    setup = Setup(controller="me_ilqr", parameters=read_parameters(path))
    scenario = load_scenario("trap")
    settings = setup.controller_settings(scenario, seed=7)
    assert (settings.vx_max, settings.robot_radius, settings.mme.n_modes) == (0.4, 0.3, 3)
    assert (settings.variant, settings.seed) == ("me_ilqr", 7)
    assert setup.planner_settings(scenario).robot_radius == 0.3
    assert setup.simulator_settings(scenario).command_delay == 0.1


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("controller:\n  ros__parameters: {vx_mx: 1.0}\n", "controller: unknown parameter 'vx_mx'"),
        ("controller:\n  ros__parameters: {vx_max: fast}\n", "controller: vx_max = 'fast'"),
        ("controller: 3\n", "controller: must hold a block ros__parameters"),
        ("[1, 2]\n", "must hold a block per node"),
        ("a: [", "is not YAML"),
    ],
)
def test_bad_files_are_refused_in_one_line(tmp_path, text, words):
    path = write(tmp_path, text)
    with pytest.raises(SettingError, match=words) as caught:
        read_parameters(path)
    assert str(caught.value).startswith(f"{path}: ")
    assert "\n" not in str(caught.value)


def test_an_absent_file_is_named(tmp_path):
    with pytest.raises(SettingError, match=r"none\.yaml: cannot be read"):
        read_parameters(tmp_path / "none.yaml")
