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
    needs = {"train": "torch", "live": "aiohttp"}
    if VERBS[name].extra:
        pytest.importorskip(needs[VERBS[name].extra])
    return importlib.import_module(VERBS[name].module)


@pytest.mark.parametrize("name", VERBS)
def test_the_examples_of_a_verb_are_commands_that_it_takes(name):
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


def test_training_without_torch_is_one_line_and_status_2():
    code = "import sys; sys.modules['torch'] = None\n"
    code += "from mme_ilqr_ros.__main__ import main; sys.exit(main(['train', 'clearance']))"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert run.returncode == 2
    assert run.stderr.endswith("train: torch is missing; pip install 'mme_ilqr_ros[train]'\n")
    assert run.stderr.count("\n") == 1


def test_params_prints_the_parameters_of_one_node(capsys):
    assert main(["params", "simulator"]) == 0
    told = capsys.readouterr().out
    assert "/**/simulator:" in told
    assert "/**/planner:" not in told
