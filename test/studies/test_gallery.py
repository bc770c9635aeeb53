"""The gallery's pictures are made by the commands that its page names."""

from pathlib import Path

from PIL import Image

from mme_ilqr_ros.resources import share_path
from studies.__main__ import VERBS, main
from studies.gallery import WIDTH, make
from studies.kept import RESULTS, read_kept
from studies.scenarios import row_of

RECIPES = read_kept(share_path(RESULTS))["gallery"].rows


def test_the_listed_pictures_are_there_and_their_commands_exist():
    for recipe in RECIPES:
        assert share_path("docs", "images", recipe["key"]).is_file()
        for command in recipe["commands"]:
            words = command.split()
            assert words[0] == "mme-ilqr" or words[:3] == ["python", "-m", "studies"], command
            assert words[0] == "mme-ilqr" or words[3] in VERBS, command


def test_a_wide_picture_is_scaled_to_a_page(tmp_path):
    code = "from PIL import Image; Image.new('RGB', (2200, 100)).save('wide.png')"
    recipe = {"key": "a.png", "commands": [f'python -c "{code}"'], "makes": "wide.png"}
    assert make(recipe, None, tmp_path / "a.png").endswith(" kB")
    with Image.open(tmp_path / "a.png") as picture:
        assert picture.size == (WIDTH, 50)


def test_what_is_missing_or_fails_is_said(tmp_path):
    target = tmp_path / "a.gif"
    recipe = {"key": "a.gif", "commands": [], "makes": "a.gif"}
    assert make({**recipe, "data": ["w.npz"]}, tmp_path, target) == (
        "left out: w.npz is not below --data"
    )
    assert make(recipe, None, target) == "its commands wrote no a.gif"
    fails = {**recipe, "commands": ["python -c 'raise SystemExit(2)'"]}
    assert "failed" in make(fails, None, target)
    assert not Path(target).exists()


def test_an_unknown_name_is_one_line(tmp_path, capsys):
    assert main(["gallery", "mona_lisa.png", "--out", str(tmp_path)]) == 2
    assert "mona_lisa.png: no such picture" in capsys.readouterr().err


def test_a_row_of_scenarios_counts_who_arrived():
    def result(outcome, time, clearance):
        cycle = {"median": 3.0}
        return {
            "outcome": outcome,
            "time_s": time,
            "path_length_m": 7.0,
            "min_clearance_m": clearance,
            "solve_ms": cycle,
        }

    runs = [result("success", 8.0, 0.3), result("success", 9.0, 0.2), result("collision", 2.0, 0.0)]
    row = row_of("trap_none", "circles", runs)
    assert (row["runs"], row["reached"], row["collisions"]) == (3, 2, 1)
    assert row["time_s"] == [8.5, 9.0]
    assert row["clearance_m"] == [0.2, 0.0]
    assert row["scenario"] == "trap"
