"""`plan` of the studies: readers, judging and planners, on maps to check by hand."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest

from mme_ilqr_ros.benchmark.plan import maps
from mme_ilqr_ros.benchmark.plan.maps import Choice
from mme_ilqr_ros.benchmark.plan.planners import Answer
from mme_ilqr_ros.geometry.grid_map import GridMap, MapError
from mme_ilqr_ros.geometry.pose import Pose
from mme_ilqr_ros.planning.distances import squared_distance
from mme_ilqr_ros.planning.field import solve_edges, solve_field
from mme_ilqr_ros.planning.terrain import Terrain
from mme_ilqr_ros.planning.weights import CLEARANCE
from studies.__main__ import main
from studies.plan.all_starts import judge_starts as judge
from studies.plan.maps import READERS
from studies.plan.movingai import read_movingai_map, read_scen
from studies.plan.planners import edges_without_mask, formula_cost, make_planner
from studies.plan.policy import follow_arrows

MAP = "type octile\nheight 3\nwidth 5\nmap\n.....\n.@@T.\nG...S\n"
# From the top left corner to the bottom right one: three straight moves, a move round each corner.
SCEN = "version 1\n0\tm.map\t5\t3\t0\t0\t4\t2\t6.0\n0\tm.map\t5\t3\t0\t0\t0\t2\t2.0\n"


@pytest.fixture
def movingai(tmp_path):
    path = tmp_path / "m.map"
    path.write_text(MAP)
    (tmp_path / "m.map.scen").write_text(SCEN)
    return path


def load_maps(paths, choice):
    return maps.load_maps(paths, choice, READERS)


def plan(*args):
    return main(["plan", *map(str, args)])


def test_a_movingai_map_has_its_first_line_as_row_0(movingai):
    blocked = read_movingai_map(movingai)
    assert blocked.tolist() == [[False] * 5, [False, True, True, True, False], [False] * 5]


def test_scen_coordinates_are_x_and_y_from_the_top(movingai):
    first, _ = read_scen(movingai.with_name("m.map.scen"), read_movingai_map(movingai))
    assert (first.start, first.goal, first.length) == ((0, 0), (2, 4), 6.0)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("type octile\nheight 3\nwidth 5\n.....\n", "map: there is no line"),
        (MAP.replace("height 3", "height 4"), "is not 4 rows of 5 characters"),
        (MAP.replace("width 5", "width five"), "width: must be a whole number"),
        (MAP.replace("S", "?"), "'?' is no kind of cell"),
    ],
)
def test_a_broken_map_is_named_in_one_line(tmp_path, capsys, text, complaint):
    path = tmp_path / "broken.map"
    path.write_text(text)
    assert plan("--maps", path, "--out", tmp_path / "out") == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"python -m studies plan: {path}: ")
    assert complaint in line


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("0\tm.map\t5\t3\t0\t0\t4", "line 2: must be bucket, map, width"),
        ("0\tm.map\t6\t3\t0\t0\t4\t2\t6.0", "line 2: is for 3 x 6 cells"),
        ("0\tm.map\t5\t3\t1\t1\t4\t2\t6.0", "line 2: cell x 1, y 1 is not free"),
    ],
)
def test_a_broken_scen_is_named_in_one_line(movingai, line, complaint):
    scen = movingai.with_name("m.map.scen")
    scen.write_text(f"version 1\n{line}\n")
    with pytest.raises(MapError, match=complaint):
        load_maps([movingai], Choice())


def test_exact_search_is_as_long_as_the_scen_file_says(movingai, tmp_path, capsys):
    out = tmp_path / "out"
    assert plan("--maps", movingai, "--planner", "dijkstra", "--out", out) == 0
    content = json.loads((out / "summary.json").read_text())
    assert [row["cost"] for row in content["queries"]] == [6.0, 2.0]
    sums = content["totals"]
    assert (sums["success"], sums["mean_cost_ratio"], sums["stated_error"]) == (1.0, 1.0, 0.0)
    assert content["peers"]["scipy"]["difference"] == pytest.approx(0.0, abs=1e-9)
    assert content["command"].startswith("python -m studies plan --maps")
    assert len(list(csv.DictReader((out / "results.csv").read_text().splitlines()))) == 2
    assert (out / "m.png").stat().st_size > 10_000
    assert "| m | 2 | 100.00 % | 0.00 % | 100.00 % | 1.0000 |" in capsys.readouterr().out


class Stubborn:
    """Goes right, whatever stands there."""

    is_learned = True

    def solve(self, asked, goal):
        arrows = np.full(asked.terrain.blocked.shape, 3, dtype=np.int8)

        def walk(start):
            return follow_arrows(arrows, start, goal).cells

        return Answer(walk, lambda: arrows, None, None, 0.0, 1, 0.0)


def test_a_path_into_a_wall_is_no_success_and_its_rescue_is_counted(movingai):
    (asked,) = load_maps([movingai], Choice())
    result = judge(asked, asked.queries[0], Stubborn())
    assert (result.success, result.fallback, result.optimal) == (0.0, True, 0.0)
    assert result.row()["cost"] is None
    assert result.optimal_cost == 6.0


def test_from_all_starts_the_fraction_that_arrives_is_counted(movingai):
    (asked,) = load_maps([movingai], Choice(all_starts=True))
    result = judge(asked, asked.queries[0], Stubborn())  # only the four cells left of the goal
    assert result.starts == 11
    assert result.success == pytest.approx(4 / 11)
    assert result.ratios == pytest.approx([1.0] * 4)


def mazes(path: Path, **splits):
    """Write mazes with a wall in the middle row that has a gap at the right."""
    maze = np.ones((2, 5, 5), np.uint8)
    maze[:, 2, :4] = 0
    goal = np.zeros((2, 1, 5, 5), np.uint8)
    goal[:, 0, 0, 0] = 1
    arrays = {}
    for split, n_moves in splits.items():
        arrays |= {f"{split}_maze": maze, f"{split}_goal": goal}
        arrays[f"{split}_action"] = np.zeros((2, n_moves, 1, 5, 5), np.uint8)
    np.savez(path, **arrays)
    return path


def test_mazes_have_the_moves_of_their_set_and_train_is_not_tested_on(tmp_path):
    path = mazes(tmp_path / "mazes.npz", train=4, test=4)
    found = load_maps([path], Choice(all_starts=True))
    assert [m.name for m in found] == ["mazes/test_0000", "mazes/test_0001"]
    assert {m.n_moves for m in found} == {4}
    assert len(load_maps([mazes(tmp_path / "t.npz", train=8)], Choice())) == 2


def test_a_learned_planner_without_the_mask_runs_from_all_starts(tmp_path):
    out = tmp_path / "out"
    path = mazes(tmp_path / "mazes.npz", val=4)
    arguments = ("--planner", "id_vin", "--mask", "off", "--all-starts", "--no-plots")
    assert plan("--maps", path, *arguments, "--out", out) == 0
    content = json.loads((out / "summary.json").read_text())
    assert content["totals"]["starts"] == 2 * 20
    assert content["per_map"]["mazes/val_0001"]["success"] == 1.0
    assert content["totals"]["query_ms"]["median"] is None


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--maps", "nowhere.yaml"], "nowhere.yaml: cannot be read"),
        (["--maps", "README.md"], "README.md: is no map"),
        (["--maps", "x.npz"], "x.npz: cannot be read"),
        (["--maps", "x.map", "--weights", "none.safetensors"], "--weights none.safetensors: is no"),
        (["--maps", "x.map", "--planner", "dijkstra", "--device", "cuda"], "--device cuda: "),
    ],
)
def test_unusable_input_is_one_line_and_exit_status_2(tmp_path, capsys, arguments, complaint):
    assert plan(*arguments, "--out", tmp_path / "out") == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"python -m studies plan: {complaint}")


def test_walls_known_by_their_cost_are_not_cut_at_their_corners():
    cost = np.ones((2, 2))
    cost[0, 1] = 1e4
    field = solve_edges(edges_without_mask(cost, 8), (1, 1))
    assert field.values[0, 0] == 2.0  # round the corner, not across
    cost[0, 1] = np.inf
    expected = solve_field(cost, (1, 1)).values
    assert (solve_edges(edges_without_mask(cost, 8), (1, 1)).values == expected).all()


def test_a_model_with_a_free_kernel_is_asked_by_its_own_moves(tmp_path, capsys):
    torch = pytest.importorskip("torch")
    from mme_ilqr_ros.planning.weights import save_weights
    from studies.family import MODELS

    file, maze, out = tmp_path / "vin.safetensors", mazes(tmp_path / "m.npz", val=4), tmp_path / "o"
    tensors = MODELS["vin"](torch.Generator().manual_seed(0)).state_dict()
    save_weights(file, {name: t.numpy() for name, t in tensors.items()}, {"model": "vin"})
    arguments = ("--maps", maze, "--all-starts", "--no-plots", "--out", out)
    assert plan(*arguments, "--planner", "vin", "--weights", file) == 0
    content = json.loads((out / "summary.json").read_text())
    assert content["totals"]["success"] < 0.9  # nobody has trained it
    assert min(row["sweeps"] for row in content["queries"]) > 1
    assert content["totals"]["fallback"] == 1.0
    assert plan(*arguments, "--planner", "gppn", "--weights", file) == 2
    last = capsys.readouterr().err.splitlines()[-1]
    assert last.startswith("python -m studies plan: --weights: not those of --planner gppn: ")
    old = {name: t.numpy() for name, t in tensors.items() if name != "free_is_one"}
    save_weights(file, old, {"model": "vin"})
    assert plan(*arguments, "--planner", "vin", "--weights", file) == 2
    assert "took 1 for a wall, now 1 is free; train it again" in capsys.readouterr().err


def test_moves_that_touch_something_are_not_legal():
    pytest.importorskip("torch")
    from studies.plan.family import legal_moves

    blocked = np.array([[False, True], [False, False]])
    legal = legal_moves(blocked, 8)
    free = [(a, 0, 0) for a in range(8) if legal[a, 0, 0]]
    assert free == [(2, 0, 0)]  # down only: right is a wall, the diagonal would cut its corner
    assert not legal[:, 0, 1].any()


def test_the_baseline_of_one_bit_arrives_without_the_mask(tmp_path):
    out, path = tmp_path / "out", mazes(tmp_path / "mazes.npz", val=4)
    arguments = ("--planner", "walls", "--mask", "off", "--all-starts", "--no-plots")
    assert plan("--maps", path, *arguments, "--peers", 0, "--out", out) == 0
    sums = json.loads((out / "summary.json").read_text())["totals"]
    assert (sums["success"], sums["mean_cost_ratio"]) == (1.0, 1.0)


def test_the_learned_clearance_cost_is_the_formula_within_its_last_step():
    """Away from contact and from full speed both charge the expert's time per length."""
    occupied = np.zeros((40, 40), dtype=bool)
    occupied[:, 0] = True
    terrain = Terrain.build(GridMap(occupied, 0.1, Pose(0.0, 0.0, 0.0)), 0.4, allow_unknown=True)
    clearance = (np.sqrt(squared_distance(occupied, 40)) - 4.5) / 4.0
    formula = formula_cost(terrain)
    np.testing.assert_allclose(formula[clearance >= 2.0], 1.0)
    assert formula[20, 4] == pytest.approx(4.0, rel=0.1)
    (asked,) = [maps.PlanMap("m", "m", terrain, 8, (), False)]
    learned = make_planner("id_vin", CLEARANCE, True, "cpu").solve(asked, (20, 35)).cost
    known = (clearance > 0.2) & (clearance < 3.0)
    ratio = learned[known] / formula[known]
    np.testing.assert_allclose(ratio / np.median(ratio), 1.0, atol=0.15)
