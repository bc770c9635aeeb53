import gzip
import json
import math
import os
from pathlib import Path

import numpy as np
import pytest
from scipy import ndimage
from scipy.sparse.csgraph import connected_components

from mme_ilqr_ros.geometry.circles import clearance
from mme_ilqr_ros.geometry.grid_map import GridMap
from mme_ilqr_ros.geometry.map_file import load_map, save_map
from mme_ilqr_ros.geometry.pose import Pose
from mme_ilqr_ros.planning.distances import inflate
from mme_ilqr_ros.resources import share_path
from mme_ilqr_ros.simulation.robot import RobotSpec
from mme_ilqr_ros.simulation.scenario import ScenarioError, load_scenario, scenario_names
from mme_ilqr_ros.simulation.world import World
from mme_ilqr_ros.simulation.world_file import read_worlds

SHIPPED = [
    *("aisles_cart", "crossing", "depot", "forest", "house_turtlebot3", "maze"),
    *("office_turtlebot4", "pillars_jackal", "tb3_sandbox", "trap", "u_inside", "u_pocket"),
    "warehouse",
]
WORLD = {"id": "w1", "circles": [[2.0, 0.0, 0.5]], "start": [0.0, 0.0, 0.0], "goal": [4.0, 3.0]}


def write(folder, content, name="world.json"):
    path = folder / name
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return path


def test_the_shipped_scenarios_are_the_known_ones():
    assert scenario_names() == SHIPPED


@pytest.mark.parametrize("name", SHIPPED)
def test_a_shipped_scenario_can_be_driven(name):
    scenario = load_scenario(name)
    assert scenario.name == name
    assert len(scenario.description) > 40
    world = World(scenario.circles, scenario.grid, scenario.shuttles, boxes=scenario.boxes)
    for place in (scenario.start, scenario.goal):
        cell = scenario.grid.cell_at([place.x, place.y])
        assert scenario.grid.contains(cell)
        assert not scenario.grid.blocked(unknown_is_free=False)[tuple(cell)]
    room = scenario.robot.radius + 0.1
    assert world.clearance([scenario.start.x, scenario.start.y], 0.0) > room
    for t in np.arange(0.0, scenario.timeout, 0.1):
        assert world.clearance([scenario.goal.x, scenario.goal.y], t) > room


def closed_cells(scenario, margin):
    grid, radius = scenario.grid, scenario.robot.inscribed_radius + margin
    cells = np.stack(np.meshgrid(*map(np.arange, grid.shape), indexing="ij"), axis=-1)
    near_circles = clearance(grid.centre_of(cells), scenario.circles) < radius
    walls = scenario.map_with_walls().blocked(unknown_is_free=False)
    return inflate(walls, grid.resolution, radius) | near_circles


@pytest.mark.parametrize("name", SHIPPED)
def test_there_is_a_way_with_room_to_spare(name):
    """For a long robot that is the room beside it."""
    scenario = load_scenario(name)
    margin = 0.05 if scenario.robot.footprint else 0.1
    regions, _ = ndimage.label(~closed_cells(scenario, margin))
    ends = [[p.x, p.y] for p in (scenario.start, scenario.goal)]
    start, goal = (regions[tuple(cell)] for cell in scenario.grid.cell_at(ends))
    assert start == goal > 0


@pytest.mark.parametrize(
    "name",
    [
        *("trap", "u_pocket", "forest", "depot", "house_turtlebot3", "office_turtlebot4"),
        *("aisles_cart", "pillars_jackal", "u_inside", "maze", "warehouse"),
    ],
)
def test_the_straight_way_is_closed(name):
    scenario = load_scenario(name)
    line = np.linspace(
        [scenario.start.x, scenario.start.y], [scenario.goal.x, scenario.goal.y], 500
    )
    assert closed_cells(scenario, margin=0.0)[tuple(scenario.grid.cell_at(line).T)].any()


@pytest.mark.parametrize("name", ["trap", "u_pocket"])
def test_pockets_have_no_way_through_and_are_not_in_the_map(name):
    scenario = load_scenario(name)
    assert not scenario.grid.occupied.any()
    x, y, radius = scenario.circles[:, :3].T
    gaps = np.hypot(x[:, None] - x, y[:, None] - y) - radius[:, None] - radius
    pieces, _ = connected_components(gaps < 2.0 * scenario.robot.radius)
    assert pieces == 1


def test_the_trap_is_the_articles():
    scenario = load_scenario("trap")
    expected = [[2.0, 0.95, 0.6], [2.0, -0.95, 0.6], [2.9, 0.0, 0.5]]
    np.testing.assert_array_equal(scenario.circles[:, :3], expected)
    assert scenario.start == Pose(0.0, 0.0, 0.0)
    assert (scenario.goal.x, scenario.goal.y) == (6.0, 0.0)


def test_the_crossing_circles_cross_the_straight_way_at_walking_speeds():
    scenario = load_scenario("crossing")
    assert len(scenario.shuttles) >= 3
    for shuttle in scenario.shuttles:
        assert 0.2 <= shuttle.speed <= 0.5
        assert shuttle.start[1] * shuttle.end[1] < 0.0


@pytest.mark.parametrize(("name", "shape"), [("tb3_sandbox", (384, 384)), ("depot", (307, 604))])
def test_real_maps_come_with_their_scenarios(name, shape):
    scenario = load_scenario(name)
    assert scenario.grid.shape == shape
    same = load_map(share_path("config", "maps", f"{name}.yaml"))
    np.testing.assert_array_equal(scenario.grid.occupied, same.occupied)


def test_the_sandbox_has_its_nine_pillars():
    grid = load_scenario("tb3_sandbox").grid
    world = World([], grid)
    for x in (-1.1, 0.0, 1.1):
        for y in (-1.1, 0.0, 1.1):
            # Pillars of 0.15 m drawn by a laser: their outline, give or take two cells.
            assert world.clearance([x, y], 0.0) < 0.15
            assert world.clearance([x + 0.3, y], 0.0) > 0.02


def test_a_benchmark_world_is_a_scenario(tmp_path):
    world = WORLD | {"robot": {"v_max": 0.5, "w_max": 2}, "timeout": 12, "goal_tolerance": 0.4}
    scenario = load_scenario(write(tmp_path, world))
    assert scenario.name == "w1"
    assert scenario.robot == RobotSpec(vx_max=0.5, wz_max=2.0)
    assert (scenario.timeout, scenario.goal_tolerance) == (12.0, 0.4)
    assert scenario.goal.yaw == pytest.approx(math.atan2(3.0, 4.0))
    assert not scenario.grid.occupied.any()
    corners = [[0.0, 0.0], [4.0, 3.0], [2.0, -0.5], [2.0, 0.5]]
    assert scenario.grid.contains(scenario.grid.cell_at(corners)).all()


def test_one_world_of_many_gzipped_or_not(tmp_path):
    other = {"id": "w2", "cylinders": [[9, 9, 1]], "start": [0, 0, 0], "goal": [1, 1, 0.5]}
    content = {"source": "a test", "worlds": [WORLD, other]}
    plain = write(tmp_path, content)
    packed = tmp_path / "worlds.json.gz"
    packed.write_bytes(gzip.compress(plain.read_bytes()))
    for path in (plain, packed, write(tmp_path, content, "worlds.yaml")):
        scenario = load_scenario(path, "w2")
        assert scenario.circles.tolist() == [[9.0, 9.0, 1.0, 0.0, 0.0]]
        assert scenario.goal == Pose(1.0, 1.0, 0.5)


def test_the_jackal_drives_in_the_challenges_worlds_and_limits_in_the_file_win(tmp_path):
    disc = {"radius": 0.5, "duration": 9.0, "keyframes": [[0, 9, 9], [9, 8, 9]]}
    jackal = RobotSpec.jackal()
    assert (jackal.vx_min, jackal.vx_max, jackal.wz_max) == (-0.5, 2.0, 3.0)
    assert (jackal.ax_max, jackal.az_max) == (3.0, 6.0)
    named = {"name": "Clearpath Jackal", "footprint": jackal.footprint, "max_speed": 2.0}
    for mark in ({"obstacles": [disc]}, {"robot": named}, {"barn_index": 301}):
        assert load_scenario(write(tmp_path, WORLD | mark)).robot == jackal
    limited = load_scenario(write(tmp_path, WORLD | {"robot": named | {"v_max": 1.2}}))
    assert limited.robot.vx_max == 1.2
    assert limited.limits_speed
    rows = load_scenario(write(tmp_path, WORLD | {"obstacles": [[9, 9, 1]]}))
    assert rows.robot == RobotSpec()
    assert rows.circles[-1].tolist() == [9.0, 9.0, 1.0, 0.0, 0.0]


def test_worlds_may_stand_in_a_bare_list(tmp_path):
    path = write(tmp_path, [WORLD, WORLD | {"id": "w2", "goal": [4, 3, 0.5, 0.0]}])
    assert load_scenario(path, "w2").goal == Pose(4.0, 3.0, 0.5)


def test_walls_are_drawn_into_the_map_and_circles_at_rest_on_request(tmp_path):
    wall = {"center": [6.0, 0.0], "size": [0.5, 4.0], "yaw": 0.3}
    circles = [[2, 0, 0.5, 0, 0], [2, 2, 0.5, 0.1, 0]]
    world = WORLD | {"walls": [wall], "circles": circles}
    scenario = load_scenario(write(tmp_path, world))
    assert not scenario.grid.occupied.any()
    walls, standing = scenario.map_with_walls(), scenario.map_of_what_stands()
    cells = np.stack(np.meshgrid(*map(np.arange, walls.shape), indexing="ij"), axis=-1)
    only_wall = World([], scenario.grid, boxes=scenario.boxes)
    for cell in cells[::7, ::7].reshape(-1, 2):
        gap = only_wall.clearance(walls.centre_of(cell), 0.0)
        assert walls.occupied[tuple(cell)] == (gap < 0.5 * walls.resolution - 1e-9)
    at = [tuple(standing.cell_at(point)) for point in ([2.0, 0.0], [2.0, 2.0], [6.0, 0.0])]
    assert [bool(standing.occupied[cell]) for cell in at] == [True, False, True]


def test_a_footprint_becomes_the_disc_around_it(tmp_path):
    corners = [[0.3, 0.4], [0.3, -0.4], [-0.3, -0.4], [-0.3, 0.4]]
    scenario = load_scenario(write(tmp_path, WORLD | {"robot": {"footprint": corners}}))
    assert scenario.robot.radius == pytest.approx(0.5)


def test_maps_are_found_beside_the_scenario_even_turned_ones(tmp_path):
    grid = GridMap(np.eye(4, 7), 0.5, Pose(1.0, 2.0, 1.0))
    save_map(grid, tmp_path / "turned.yaml")
    for value in ({"file": "turned.yaml"}, "turned.yaml"):
        scenario = load_scenario(write(tmp_path, WORLD | {"map": value, "goal": [2.2, 4.4]}))
        np.testing.assert_array_equal(scenario.grid.occupied, grid.occupied)
        assert scenario.grid.origin == grid.origin


@pytest.mark.parametrize(
    ("change", "key"),
    [
        ({"start": None}, "start"),
        ({"start": [0, 0]}, "start"),
        ({"start": [0, 0, "east"]}, "start"),
        ({"start": [2, 0, 0]}, "start"),
        ({"goal": None}, "goal"),
        ({"goal": [1]}, "goal"),
        ({"goal": [1, math.nan]}, "goal"),
        ({"goal": [1, 10**400]}, "goal"),
        ({"goal": [1e9, 1e9]}, "map.size"),
        ({"goal_tolerance": -1}, "goal_tolerance"),
        ({"timeout": "long"}, "timeout"),
        ({"timeout": True}, "timeout"),
        ({"circles": [[1, 2]]}, "circles"),
        ({"circles": [[1, 2, -3]]}, "circles"),
        ({"circles": "many"}, "circles"),
        ({"circles": {"x": 1}}, "circles"),
        ({"robot": []}, "w1"),
        ({"robot": [1]}, "robot"),
        ({"robot": {"radius": 0}}, "robot.radius"),
        ({"robot": {"v_min": 0.5}}, "robot.v_min"),
        ({"robot": {"footprint": [1, 2, 3]}}, "robot.footprint"),
        ({"moving": {}}, "w1"),
        ({"moving": [3]}, "moving[0]"),
        ({"moving": [{"radius": 1, "from": [0, 9], "to": [0, 9], "speed": 1}]}, "moving[0].to"),
        ({"moving": [{"radius": 1, "from": [0, 9], "to": [9, 9]}]}, "moving[0].speed"),
        ({"map": {"file": "absent.yaml"}}, "map.file"),
        ({"map": "absent.yaml"}, "map.file"),
        ({"map": {"size": [1]}}, "map.size"),
        ({"map": {"size": [5, 5]}}, "map.origin"),
        ({"map": {"size": [5, -5], "origin": [0, 0]}}, "map.size"),
        ({"map": {"size": [5, 5], "origin": [0, 0], "resolution": 0}}, "map.resolution"),
        ({"map": {"resolution": 0.1}}, "map.size"),
        ({"map": 7}, "map"),
        ({"walls": [{"center": [0, 0]}]}, "walls[0].size"),
        ({"walls": [{"center": [0, 0], "size": [1, 0]}]}, "walls[0].size"),
        ({"obstacles": [{"keyframes": []}]}, "obstacles[0].keyframes"),
        ({"obstacles": [{"radius": 1, "keyframes": [[0, 1]]}]}, "obstacles[0].keyframes"),
        (
            {"obstacles": [{"radius": 1, "keyframes": [[1, 9, 9], [1, 8, 8]]}]},
            "obstacles[0].keyframes",
        ),
        ({"obstacles": [[1, 2]]}, "obstacles"),
        ({"robot": {"footprint": [[0, 1], [1, 0]]}}, "robot.footprint"),
        ({"path": [[0, 0], [1]]}, "path"),
        ({"official": {"optimal_time": 0}}, "official.optimal_time"),
        ({"description": 3}, "description"),
    ],
)
def test_malformed_worlds_are_refused_in_one_line_with_file_world_and_key(tmp_path, change, key):
    path = write(tmp_path, WORLD | change)
    if key == "w1":  # an empty block says nothing and is no mistake
        assert load_scenario(path).name == "w1"
        return
    with pytest.raises(ScenarioError) as caught:
        load_scenario(path)
    message = str(caught.value)
    assert message.startswith(f"{path}: world 'w1': {key}: ")
    assert "\n" not in message


def test_a_misspelt_key_is_refused_with_the_one_that_was_meant(tmp_path):
    for change, place, meant in (
        ({"circels": []}, "circels", "circles"),
        ({"time_out": 3}, "time_out", "timeout"),
        ({"robot": {"vmax": 1.0}}, "robot.vmax", "v_max"),
        ({"map": {"size": [9, 9], "orgin": [0, 0]}}, "map.orgin", "origin"),
        ({"walls": [{"centre": [9, 9], "size": [1, 1]}]}, "walls[0].centre", "center"),
        ({"moving": [{"radios": 1}]}, "moving[0].radios", "radius"),
        ({"obstacles": [{"radius": 1, "keyframe": []}]}, "obstacles[0].keyframe", "keyframes"),
        ({"official": {"optimaltime": 3}}, "official.optimaltime", "optimal_time"),
    ):
        path = write(tmp_path, WORLD | change)
        with pytest.raises(ScenarioError) as caught:
            load_scenario(path)
        expected = f"{path}: world 'w1': {place}: is unknown; did you mean '{meant}'?"
        assert str(caught.value) == expected


def test_other_unknown_keys_are_said_in_one_line_and_facts_of_data_sets_in_none(tmp_path):
    change = {"weather": "fine", 7: 8, "robot": {"colour": "red", "radius": 0.2}}
    scenario = load_scenario(write(tmp_path, WORLD | change))
    (note,) = scenario.notes
    assert note.endswith("world 'w1': nothing reads 7, robot.colour, weather")
    facts = {"n_containment": 9, "bottleneck_radius": 0.4, "metrics_recomputed": {"tortuosity": 1}}
    facts |= {"official": {"optimal_time": 9.0, "path_length": 10.0}, "barn_index": 3}
    facts |= {"robot": {"name": "jackal", "inscribed_radius": 0.2, "max_speed": 2.0}}
    facts |= {"walls": [{"name": "north", "center": [9, 9], "size": [1, 1]}], "family": "trap"}
    assert load_scenario(write(tmp_path, WORLD | facts)).notes == ()


def test_an_empty_world_is_said(tmp_path):
    path = write(tmp_path, WORLD | {"circles": []})
    (note,) = load_scenario(path).notes
    assert note == f"{path}: world 'w1': it is empty: there is no obstacle, and nothing in the map"
    wall = {"walls": [{"center": [9, 9], "size": [1, 1]}]}
    assert load_scenario(write(tmp_path, WORLD | {"circles": []} | wall)).notes == ()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"map": {"size": [3, 3], "origin": [-1, -1]}}, "(4, 3): lies outside the map of w1"),
        ({"goal": [2.0, 0.4]}, "(2, 0.4): the robot would stand in an obstacle, -0.10 m away"),
        ({"goal": [2.0, 0.6]}, "(2, 0.6): the robot would stand in an obstacle, 0.10 m away"),
        ({"walls": [{"center": [4.5, 3.0], "size": [0.8, 1.0]}]}, "0.10 m away; it needs 0.20 m"),
    ],
)
def test_a_goal_where_the_robot_cannot_stand_is_refused(tmp_path, change, words):
    with pytest.raises(ScenarioError) as caught:
        load_scenario(write(tmp_path, WORLD | change))
    assert "world 'w1': goal: (" in str(caught.value)
    assert words in str(caught.value)


def test_a_goal_may_be_where_something_passes_or_where_a_footprint_fits_in_one_heading(tmp_path):
    passing = {"circles": [[4.0, 3.0, 0.5, 0.2, 0.0]]}
    assert load_scenario(write(tmp_path, WORLD | passing)).goal.x == 4.0
    long = {"robot": {"footprint": [[0.5, 0.1], [-0.5, 0.1], [-0.5, -0.1], [0.5, -0.1]]}}
    beside = {"walls": [{"center": [4.5, 3.0], "size": [0.6, 1.0]}]}
    assert load_scenario(write(tmp_path, WORLD | long | beside)).goal.x == 4.0


@pytest.mark.parametrize(
    ("content", "word"),
    [
        ("", "must hold"),
        ("just words", "must hold"),
        ("[1, 2]", "must hold"),
        ("a: [", "YAML"),
        ('{"a": ', "JSON"),
        ('{"worlds": []}', "must hold"),
        ('{"worlds": [3]}', "must hold"),
        ('{"worlds": 3}', "must hold"),
        ('{"worlds": [{"id": "a"}, 3]}', "world 1"),
        ('{"start": [0, 0, 0]}', "name"),
        ('{"name": "", "start": [0, 0, 0]}', "name"),
    ],
)
def test_files_that_are_no_worlds(tmp_path, content, word):
    path = write(tmp_path, content)
    with pytest.raises(ScenarioError, match=word) as caught:
        load_scenario(path)
    assert str(caught.value).startswith(f"{path}: ")
    assert "\n" not in str(caught.value)


def test_unreadable_files(tmp_path):
    with pytest.raises(ScenarioError, match="No such file"):
        load_scenario(tmp_path / "absent.yaml")
    for content in (b"\x1f\x8bnot gzip", gzip.compress(b"{}" * 99)[:-9], b"\xff\xfe\x00"):
        path = tmp_path / "broken.gz"
        path.write_bytes(content)
        with pytest.raises(ScenarioError, match="cannot be read"):
            load_scenario(path)


def test_unknown_names_and_ids_get_a_hint(tmp_path):
    with pytest.raises(ScenarioError, match="did you mean 'forest'"):
        load_scenario("forrest")
    with pytest.raises(ScenarioError, match="trap"):
        load_scenario("zzzzz")
    path = write(tmp_path, {"worlds": [WORLD, WORLD | {"id": "w2"}]})
    with pytest.raises(ScenarioError, match="2 worlds"):
        load_scenario(path)
    with pytest.raises(ScenarioError, match="no world 'w22'; did you mean 'w2'"):
        load_scenario(path, "w22")


PUBLIC = [
    "barn/barn_odd_150.json.gz",
    "dynabarn/dynabarn_odd_30.json.gz",
    "local/local_dev.json.gz",
]


@pytest.mark.parametrize("file", PUBLIC)
def test_public_benchmark_worlds_load(file):
    folder = os.environ.get("MME_ILQR_ROS_DATA", "")
    path = Path(folder) / file
    if not folder or not path.is_file():
        pytest.skip("set MME_ILQR_ROS_DATA to the folder of benchmark worlds")
    for world in list(read_worlds(path).values())[::10]:
        scenario = load_scenario(path, world["id"])
        assert scenario.notes == ()
        assert len(scenario.circles) == len(world.get("circles", world.get("cylinders", [])))
        assert len(scenario.discs) == len(world.get("obstacles", []))
        assert [scenario.goal.x, scenario.goal.y] == world["goal"][:2]


@pytest.mark.parametrize(
    "change",
    [
        {"robot": "a\0b"},
        {"robot": "x" * 3000},
        {"robot": "../" + "x" * 3000},
        {"map": "a\0b"},
        {"map": "x" * 3000},
        {"path": [[10**400, 0.0]]},
        {"name": "x" * 3000},
        {"goal": [[0.0] * 100] * 100},
    ],
    ids=range(8),
)
def test_what_no_world_has_is_refused_in_a_short_line(tmp_path, change):
    path = tmp_path / "world.json"
    path.write_text(json.dumps({"name": "w", "start": [0, 0, 0], "goal": [4, 0], **change}))
    with pytest.raises(ScenarioError) as refusal:
        load_scenario(path)
    assert "\n" not in str(refusal.value)
    assert len(str(refusal.value)) < 600


def test_a_packed_file_that_stands_for_gigabytes_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("mme_ilqr_ros.simulation.world_file._MOST_BYTES", 1 << 20)
    path = tmp_path / "world.json.gz"
    path.write_bytes(gzip.compress(bytes(2 << 20)))
    with pytest.raises(ScenarioError, match="holds more than 1 MB"):
        load_scenario(path)
