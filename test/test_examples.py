"""Every example runs from the repository's root, without ROS, and shows what it says it shows."""

import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

pytestmark = pytest.mark.slow  # runs every example as a process
REPOSITORY = Path(__file__).resolve().parents[1]
PRESENT = {path.stem for path in (REPOSITORY / "examples").glob("*.py")}
NEED_TORCH = {"many_robots", "value_iteration_network"}
EXAMPLES = sorted(PRESENT if importlib.util.find_spec("torch") else PRESENT - NEED_TORCH)
WITH_PICTURE = sorted({"many_robots", "plan_on_a_grid", "two_ways_round"} & set(EXAMPLES))
FEWER = {"value_iteration_network": ["2"], "many_robots": ["8"]}  # mazes, robots
START = "import runpy; runpy.run_module('examples.{}', run_name='__main__')"


def python(code):
    return subprocess.run(
        [sys.executable, "-c", code],
        cwd=REPOSITORY,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.fixture(scope="module")
def outputs(tmp_path_factory):
    """Run every example once; return what each printed and the folder of the pictures."""
    folder = tmp_path_factory.mktemp("examples")
    return {name: run(name, folder / f"{name}.png") for name in EXAMPLES}, folder


def run(name, picture):
    arguments = [str(picture)] * (name in WITH_PICTURE) + FEWER.get(name, [])
    finished = python(
        f"import sys; sys.modules['rclpy'] = None; sys.argv[1:] = {arguments!r}; "
        + START.format(name)
    )
    assert finished.returncode == 0, finished.stderr
    return finished.stdout


def test_there_are_the_five_examples():
    without_torch = {"own_robot_and_cost", "plan_on_a_grid", "two_ways_round"}
    assert without_torch | NEED_TORCH == PRESENT


def test_without_torch_one_line_says_what_to_install():
    for name in NEED_TORCH:
        finished = python(f"import sys; sys.modules['torch'] = None; {START.format(name)}")
        assert finished.returncode == 1
        (line,) = finished.stderr.splitlines()
        assert re.fullmatch(rf"{name}: .*torch.* pip install .+", line)


@pytest.mark.skipif("many_robots" not in EXAMPLES, reason="needs torch")
def test_many_robots_says_that_its_batch_is_the_slower_one_on_a_cpu(outputs):
    told = outputs[0]["many_robots"]
    batch, compiled = re.search(r"one batch (\d+) ms, compiled (\d+) ms", told).groups()
    assert ("times slower: on a CPU use" in told) or int(batch) <= int(compiled)


@pytest.mark.skipif("many_robots" not in EXAMPLES, reason="needs torch")
def test_many_robots_choose_the_same_plans_in_one_batch_as_one_by_one(outputs):
    free, robots, same = re.search(
        r"(\d+) of (\d+) robots have a free way, (\d+) the same one", outputs[0]["many_robots"]
    ).groups()
    assert int(free) == int(robots)
    assert int(same) >= int(robots) - 2  # rounding may decide a tie


@pytest.mark.skipif("value_iteration_network" not in EXAMPLES, reason="needs torch")
def test_memory_of_the_implicit_adjoint_is_flat_and_plain_iteration_converges(outputs):
    text = outputs[0]["value_iteration_network"]
    unrolled, implicit = (
        [float(x) for x in re.findall(r"([\d.]+) MB", line)]
        for line in text.splitlines()
        if " MB" in line
    )
    assert max(implicit) <= 1.05 * min(implicit)
    assert unrolled[-1] > 10 * unrolled[0]
    evaluations = int(re.search(r"forward \| +(\d+)", text).group(1))
    assert evaluations < 1000  # the cap


def test_plain_ilqr_stays_in_the_trap_and_mme_ilqr_arrives(outputs):
    ilqr, mme_ilqr = outputs[0]["two_ways_round"].splitlines()[:2]
    assert ilqr.startswith("ilqr: stuck after")
    assert float(re.search(r"([\d.]+) m from the goal", ilqr).group(1)) > 2.0
    assert mme_ilqr.startswith("mme_ilqr: goal reached")


def test_all_paths_on_the_depot_map_come_from_one_learned_field(outputs):
    lines = outputs[0]["plan_on_a_grid"].splitlines()
    plans = [line for line in lines if "a path was found" in line]
    assert len(plans) == 3
    assert all("fallback no" in line for line in plans)


def test_an_own_robot_arrives_and_an_own_cost_straightens_its_trailer(outputs):
    pattern = r"cost: +([\d.]+) m from the goal, hitch at ([\d.]+) degrees, ([-\d.]+) m clear"
    runs = re.findall(pattern, outputs[0]["own_robot_and_cost"])
    (away, bent, clear), (away_too, straight, clear_too) = [tuple(map(float, run)) for run in runs]
    assert max(away, away_too) < 0.1
    assert min(clear, clear_too) > 0.0
    assert straight < 2.0 < bent


def test_the_pictures_are_written_and_not_empty(outputs):
    for name in WITH_PICTURE:
        with Image.open(outputs[1] / f"{name}.png") as picture:
            assert min(picture.size) > 300
            assert len(picture.convert("P").getcolors()) > 10
