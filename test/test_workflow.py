"""The workflow and the hooks run what exists: targets, verbs, arguments, launch files, hooks."""

import re
import shlex
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[1]
WORKFLOW = yaml.safe_load((ROOT / ".github" / "workflows" / "ci.yml").read_text())
JOBS = WORKFLOW["jobs"]
HOOKS = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())["repos"]
TARGETS = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.M))


def commands():
    """Return (job, words) of every command of every step, continued lines joined."""
    found = []
    for name, job in JOBS.items():
        for step in job["steps"]:
            text = step.get("run", "").replace("\\\n", " ")
            found += [(name, shlex.split(line)) for line in text.splitlines()]
    return found


def test_the_workflow_runs_on_pushes_and_pull_requests():
    assert {"push", "pull_request"} <= WORKFLOW[True].keys()  # YAML 1.1 reads `on` as true


@pytest.mark.parametrize("name", JOBS)
def test_a_job_checks_out_first_and_ends_in_time(name):
    job = JOBS[name]
    assert job["steps"][0]["uses"].startswith("actions/checkout@v")
    assert job["timeout-minutes"] <= 90
    for step in job["steps"]:
        assert "run" in step or re.fullmatch(r"[\w-]+/[\w-]+@v\d+", step["uses"])


def test_every_target_of_make_exists():
    targets = [words[1] for _, words in commands() if words[0] == "make"]
    assert {"lint", "test", "test-slow", "docs", "dist"} == set(targets)
    assert set(targets) <= TARGETS


def test_every_verb_takes_its_arguments():
    from mme_ilqr_ros.__main__ import EXAMPLES, VERBS, command_line, main

    typed = [words[1:] for _, words in commands() if words[0].endswith("/mme-ilqr")]
    assert len(typed) >= 3
    for arguments in typed:
        if arguments[-1] in ("--help", "--version"):
            with pytest.raises(SystemExit) as left:
                main(arguments)
            assert left.value.code == 0
        else:
            parser = command_line._parser("mme-ilqr", "", VERBS, arguments[0], EXAMPLES)
            assert parser.parse_args(arguments).verb == arguments[0]


def test_the_launch_file_exists_and_has_the_arguments():
    (words,) = [words for _, words in commands() if "ros2" in words]
    package, file, *arguments = words[words.index("launch") + 1 :]
    assert package == "mme_ilqr_ros"
    text = (ROOT / "launch" / file).read_text()
    for argument in arguments:
        assert f'argument("{argument.split(":=")[0]}"' in text


def test_the_pythons_are_those_of_the_classifiers():
    minors = re.search(r"range\(10, (\d+)\)\),", (ROOT / "setup.py").read_text())
    assert JOBS["pypi"]["strategy"]["matrix"]["python"] == [
        f"3.{minor}" for minor in range(10, int(minors[1]))
    ]


def test_the_distributions_of_ros_are_the_supported_ones():
    assert JOBS["ros"]["strategy"]["matrix"]["distro"] == ["humble", "jazzy", "kilted", "rolling"]


def test_hooks_are_local_and_run_the_tools_of_the_virtual_environment():
    (repo,) = HOOKS
    assert repo["repo"] == "local"
    own = {hook["id"]: hook["entry"] for hook in repo["hooks"] if hook["language"] == "system"}
    assert {"ruff", "ruff-format", "mypy", "parameters"} == own.keys()
    assert all(entry.startswith(".venv/bin/python -m ") for entry in own.values())
