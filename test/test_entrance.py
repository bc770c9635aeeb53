"""`mme-ilqr` as a whole: what every verb has, and that its examples can be typed."""

import argparse
import importlib
import re
import shlex
import subprocess
import sys

import pytest

from mme_ilqr_ros.__main__ import VERBS, main

EXAMPLE = re.compile(r"^  mme-ilqr ([a-z_]+)(.*?)(?: {3,}.*| > .*)?$", re.MULTILINE)


def module_of(name):
    return importlib.import_module(VERBS[name].module)


@pytest.mark.parametrize("name", VERBS)
def test_the_examples_of_a_verb_are_commands_that_it_takes(name):
    if name == "train":
        pytest.importorskip("torch")
    examples = EXAMPLE.findall(module_of(name).EXAMPLES)
    assert examples
    for verb, arguments in examples:
        assert verb == name
        parser = argparse.ArgumentParser(exit_on_error=False)
        module_of(name).add_arguments(parser)
        parser.parse_args(shlex.split(arguments))


@pytest.mark.parametrize("arguments", [["--help"], ["params", "--help"]])
def test_help_goes_to_standard_output(arguments, capsys):
    with pytest.raises(SystemExit) as left:
        main(arguments)
    assert left.value.code == 0
    told = capsys.readouterr()
    assert "examples:" in told.out
    assert told.err == ""


@pytest.mark.parametrize("arguments", [[], ["dance"], ["params", "pilot"], ["sim", "--pace", "2"]])
def test_a_command_that_does_not_exist_is_one_line_and_status_2(arguments, capsys):
    with pytest.raises(SystemExit) as left:
        main(arguments)
    assert left.value.code == 2
    assert capsys.readouterr().err.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        ("drive --worlds trap --out o --trials -1", "'-1' must be a whole number above 0"),
        ("drive --worlds trap --out o --trials 0", "'0' must be a whole number above 0"),
        ("drive --worlds trap --out o --contoller ilqr", "did you mean --controller?"),
        ("drive --worlds trap --out o --xyz 2", "there is no argument '--xyz' (see "),
    ],
)
def test_a_refused_argument_is_named_in_the_name_of_its_verb(arguments, line, capsys):
    with pytest.raises(SystemExit) as left:
        main(arguments.split())
    assert left.value.code == 2
    told = capsys.readouterr().err
    assert told.startswith("python -m mme_ilqr_ros drive: ")
    assert line in told
    assert told.endswith(" drive --help)\n")


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        ("--weights mine.safetensors", "--weights mine.safetensors: is no file and none of "),
        ("--weights shortest --planner none", "--weights: --planner none has none; use id_vin"),
    ],
)
@pytest.mark.parametrize("verb", ["drive --worlds trap --out o", "sim"])
def test_weights_that_cannot_be_used_are_one_line(verb, arguments, line, capsys):
    assert main([*verb.split(), *arguments.split()]) == 2
    told = capsys.readouterr().err
    assert line in told
    assert told.count("\n") == 1


def run_without(missing, arguments):
    """Run the command line in a process that cannot import some packages."""
    code = f"import sys; sys.modules.update(dict.fromkeys({missing}))\n"
    code += f"from mme_ilqr_ros.__main__ import main; sys.exit(main({arguments}))"
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)


@pytest.mark.parametrize("arguments", [["live", "--help"], ["drive", "--help"], ["sim", "--help"]])
def test_help_needs_neither_ros_nor_torch_nor_aiohttp(arguments):
    run = run_without(["rclpy", "torch", "aiohttp"], arguments)
    assert (run.returncode, run.stderr) == (0, "")


def test_the_page_without_aiohttp_is_one_line_and_status_2():
    run = run_without(["aiohttp"], ["live"])
    assert run.returncode == 2
    assert run.stderr.endswith("live: aiohttp is missing; pip install 'mme_ilqr_ros[live]'\n")
    assert run.stderr.count("\n") == 1


def test_training_without_torch_is_one_line_and_status_2():
    run = run_without(["torch"], ["train", "clearance"])
    assert run.returncode == 2
    assert run.stderr.endswith("train: torch is missing; pip install 'mme_ilqr_ros[train]'\n")
    assert run.stderr.count("\n") == 1


def test_params_prints_the_parameters_of_one_node(capsys):
    assert main(["params", "simulator"]) == 0
    told = capsys.readouterr().out
    assert "/**/simulator:" in told
    assert "/**/planner:" not in told
