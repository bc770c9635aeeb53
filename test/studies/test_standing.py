"""What a robot in front of a dock plans: to drive in now, or, without regard to speed, later."""

import json

import numpy as np
import pytest

from studies.__main__ import main

WALLS = [
    *({"center": [0.7, side * 0.4], "size": [1.4, 0.2]} for side in (1, -1)),
    *({"center": [0.1, side * 1.2], "size": [0.2, 1.5]} for side in (1, -1)),
    {"center": [1.5, 0], "size": [0.2, 1.0]},
]
DOCK = {"id": "dock", "start": [-2, 0, 0], "goal": [0.8, 0], "goal_tolerance": 0.15}
BEFORE = """
/**/controller:
  ros__parameters: {ways_out: false, costs: {standing_share: 1.0, caution: 1.0}}
"""


@pytest.fixture
def arguments(tmp_path):
    world, before = tmp_path / "dock.json", tmp_path / "before.yaml"
    world.write_text(json.dumps(DOCK | {"walls": WALLS}))
    before.write_text(BEFORE)
    return ["standing", "--worlds", str(world), "--planner", "none", "--params", str(before)]


def test_the_shipped_plan_drives_into_a_dock_at_once_and_the_former_one_waits(
    arguments, tmp_path, capsys
):
    out = tmp_path / "out"
    assert main([*arguments, "--at", "-0.4", "0", "0", "--out", str(out)]) == 0
    words = [line.split() for line in capsys.readouterr().out.splitlines()]
    half = {line[0]: float(line[-2]) for line in words}
    far = {line[0]: float(line[line.index("m") - 1]) for line in words}
    assert min(far.values()) > 0.8
    assert half["before:"] > 7.0
    assert half["shipped:"] < 4.0
    assert (out / "standing.png").stat().st_size > 5000


def test_plans_begin_where_the_robot_is_put(arguments, tmp_path, monkeypatch):
    found = {}
    monkeypatch.setattr(
        "studies.standing.draw_plans", lambda world, plans, path: found.update(plans)
    )
    assert main([*arguments, "--at", "-1", "0.5", "0.3", "--out", str(tmp_path)]) == 0
    assert list(found) == ["before", "shipped"]
    for plans in found.values():
        np.testing.assert_allclose(plans.modes.states[:, 0, :2], [[-1.0, 0.5]] * 8, atol=1e-9)
        assert (plans.driven[:, 0] == 0.0).all()
        assert (np.diff(plans.driven) >= 0.0).all()
        assert plans.times[-1] == pytest.approx(10.0)
