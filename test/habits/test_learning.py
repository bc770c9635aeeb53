"""Terms and their adjoints, walks of drives, and what is learned from them."""

from itertools import pairwise

import numpy as np
import pytest

from mme_ilqr_ros.geometry.grid_map import GridMap
from mme_ilqr_ros.geometry.pose import Pose
from mme_ilqr_ros.habits.advice import advice
from mme_ilqr_ros.habits.drive import Drive, DriveError
from mme_ilqr_ros.habits.evidence import beside_plans, keeps_directions
from mme_ilqr_ros.habits.explain import cost_on
from mme_ilqr_ros.habits.fit import Driver, price
from mme_ilqr_ros.habits.ground import Ground
from mme_ilqr_ros.habits.learn import cross_validate, learn
from mme_ilqr_ros.habits.occupancy import occupancy
from mme_ilqr_ros.habits.on_ground import PRIOR_ERROR
from mme_ilqr_ros.habits.settings import HabitSettings
from mme_ilqr_ros.habits.snapping import snapped
from mme_ilqr_ros.habits.terms import Directions, Places, Table
from mme_ilqr_ros.planning.planner import GlobalPlanner, PlannerSettings

SETTINGS = HabitSettings(least_distance=0.25)


@pytest.fixture
def two_ways():
    """A wall of 6 m with a way round at either end, the lower one nearer."""
    occupied = np.zeros((80, 100), dtype=bool)
    occupied[[0, -1]] = occupied[:, [0, -1]] = True
    occupied[14:60, 48:52] = True
    return GridMap(occupied, 0.1, Pose(1.0, -2.0, 0.3))


def drives_over_the_top(grid, n=6, seed=0):
    rng = np.random.default_rng(seed)
    drives = []
    for _ in range(n):
        ends = rng.uniform([1.0, 2.0], [2.5, 3.0]), rng.uniform([7.5, 2.0], [9.0, 3.0])
        way = np.array([ends[0], [4.0, 7.0], [6.0, 7.0], ends[1]])[:, :2]
        s = np.linspace(0.0, 3.0, 60)
        points = np.stack([np.interp(s, np.arange(4), way[:, k]) for k in range(2)], axis=-1)
        drives.append(Drive(grid.origin.transform(points + rng.normal(0.0, 0.01, points.shape))))
    return drives


@pytest.mark.parametrize(
    "term",
    [
        Places((23, 31), 0.1),
        Directions((23, 31), 0.1),
        Table(np.random.default_rng(1).random((23, 31)), 5),
        Table(np.where(np.arange(8)[:, None, None] < 3, np.nan, np.full((8, 23, 31), 0.3)), 4),
    ],
    ids=["places", "directions", "table", "directed table"],
)
def test_gathering_is_the_adjoint_of_spreading(term):
    rng = np.random.default_rng(0)
    weights = rng.random(term.size)
    spread = term.spread(weights)
    gradient = rng.normal(size=spread.shape)
    assert (spread.ndim == 3) == term.directed
    np.testing.assert_allclose((spread * gradient).sum(), weights @ term.gather(gradient))


def test_bumps_of_places_add_up_to_one_for_each_size():
    places = Places((20, 30), 0.1, (0.4,))
    np.testing.assert_allclose(places.spread(np.ones(places.size)), 1.0)


def test_occupancy_prices_a_walk_as_the_planner_does():
    cost = np.arange(1.0, 13.0).reshape(3, 4)
    walk = np.array([(0, 0), (1, 1), (1, 2), (0, 3)])
    expected = np.sqrt(2.0) * (1 + 6) / 2 + (6 + 7) / 2 + np.sqrt(2.0) * (7 + 4) / 2
    for n_moves in (1, 8):
        assert price(occupancy(walk, (3, 4), n_moves), np.stack([cost] * n_moves)) == (
            pytest.approx(expected)
        )


def test_a_drive_becomes_a_legal_walk_beside_it(two_ways):
    ground = Ground.of(two_ways, SETTINGS, {})
    drive = drives_over_the_top(two_ways, 1)[0]
    walk = snapped(drive, ground)
    assert np.abs(np.diff(walk, axis=0)).max() == 1
    assert ground.free[walk[:, 0], walk[:, 1]].all()
    centres = two_ways.centre_of(walk)
    away = np.hypot(*(centres[:, None] - drive.points[None]).transpose(2, 0, 1)).min(axis=1)
    assert away.max() < 0.35


def test_a_drive_off_the_map_or_through_a_wall_is_no_walk(two_ways):
    ground = Ground.of(two_ways, SETTINGS, {})
    with pytest.raises(DriveError, match="off the map"):
        snapped(Drive(np.array([[50.0, 50.0], [60.0, 50.0]])), ground)
    through = two_ways.origin.transform(np.array([[2.0, 3.0], [8.0, 3.0]]))
    with pytest.raises(DriveError, match="no legal walk"):
        snapped(Drive(through, source="a.csv"), ground)


@pytest.mark.parametrize(
    ("points", "times", "said"),
    [
        ([[0.0, 0.0]], None, "N >= 2"),
        ([[0.0, np.nan], [1.0, 1.0]], None, "finite"),
        ([[0.0, 0.0], [1.0, 1.0]], [1.0, 0.0], "ascend"),
        ([[0.0, 0.0], [1.0, 1.0]], [1.0], "times"),
    ],
)
def test_what_is_no_drive_is_refused(points, times, said):
    with pytest.raises(DriveError, match=said):
        Drive(np.array(points), None if times is None else np.array(times), "x.csv")


def planned(grid, model_file=None):
    settings = PlannerSettings(
        robot_radius=0.1875, **({} if model_file is None else {"weights": str(model_file)})
    )
    ends = grid.origin.transform(np.array([[2.0, 2.5], [8.0, 2.5]]))
    return GlobalPlanner(settings).plan(grid, *ends)


def test_without_drives_the_plan_is_exactly_todays(two_ways, tmp_path):
    file = tmp_path / "none.safetensors"
    learn(two_ways, [], SETTINGS).save(file)
    np.testing.assert_array_equal(
        planned(two_ways, file).path.points, planned(two_ways).path.points
    )


def test_drives_that_err_but_dislike_nothing_leave_the_plan_as_it_is(two_ways):
    ground = Ground.of(two_ways, SETTINGS, {})
    erring = Driver.on(ground, np.random.default_rng(5))
    ends = [ground.cells_at(drive.points[[0, -1]]) for drive in drives_over_the_top(two_ways, 4)]
    walks = [erring.walk(ground.cost, *pair, error=k) for k, pair in enumerate(ends)]
    drives = [Drive(two_ways.centre_of(walk)) for walk in walks]
    for n in (1, 4):
        habits = learn(two_ways, drives[:n], SETTINGS)
        assert not habits.places.any()
        assert not habits.has_directions


def test_a_planner_goes_the_owners_way_after_six_drives(two_ways, tmp_path):
    drives = drives_over_the_top(two_ways)
    habits = learn(two_ways, drives, SETTINGS)
    file = tmp_path / "owner.safetensors"
    habits.save(file)
    highest = [
        two_ways.origin.inverse().transform(planned(two_ways, given).path.points)[:, 1].max()
        for given in (None, file)
    ]
    assert highest[0] < 3.0 < 6.0 < highest[1]  # below the wall before, above it after
    assert habits.n_drives == 6
    assert habits.places_error.min() < habits.places_error.max()


@pytest.mark.slow
def test_held_out_drives_are_explained_better(two_ways):
    validation = cross_validate(two_ways, drives_over_the_top(two_ways), SETTINGS, folds=3)
    assert validation.folds == 3
    assert validation.regrets.shape == (6, 3)
    assert validation.learned.regret < validation.shipped.regret - 2.0 * validation.gain.error


def test_one_drive_cannot_be_validated(two_ways):
    assert cross_validate(two_ways, drives_over_the_top(two_ways, 1), SETTINGS).folds == 0


def test_advice_names_places_of_traffic_that_are_little_known(two_ways):
    habits = learn(two_ways, drives_over_the_top(two_ways, 3), SETTINGS)
    lines = advice(two_ways, habits, SETTINGS, queries=20)
    assert lines
    assert all(line.drives >= 1 and 0.0 < line.traffic <= 1.0 for line in lines)
    assert "more drive" in str(lines[0])


def test_every_drive_makes_places_better_known_and_fewer_are_asked_for(two_ways):
    drives = drives_over_the_top(two_ways, 8)
    errors = [learn(two_ways, drives[:n], SETTINGS).places_error for n in (0, 1, 2)]
    assert (errors[0] == PRIOR_ERROR).all()
    assert all((after <= before).all() for before, after in pairwise(errors))
    assert errors[2].min() < errors[1].min() < PRIOR_ERROR
    assert errors[2].max() == PRIOR_ERROR  # where no drive chose
    few, many = (learn(two_ways, some, SETTINGS) for some in (drives[:2], drives))
    asked = [sum(line.drives for line in advice(two_ways, h, SETTINGS, 20)) for h in (few, many)]
    assert asked[1] < asked[0]


@pytest.mark.parametrize("keeps", [True, False])
def test_directions_are_shown_by_drives_that_turn_in_one_sense(keeps):
    """Round a block in a hall: always counterclockwise, or always above it."""
    occupied = np.zeros((80, 100), dtype=bool)
    occupied[[0, -1]] = occupied[:, [0, -1]] = True
    occupied[30:50, 40:60] = True
    ground = Ground.of(GridMap(occupied, 0.1, Pose(0.0, 0.0, 0.0)), SETTINGS, {})
    rng = np.random.default_rng(0)
    walks = []
    for k in range(12):
        to_the_left = k % 2 == 0
        height = 6.5 if to_the_left or not keeps else 1.5
        ends = [[2.0, rng.uniform(3.0, 5.0)], [8.0, rng.uniform(3.0, 5.0)]]
        way = np.array([ends[0], [3.5, height], [6.5, height], ends[1]])
        walks.append(snapped(Drive(way[::-1] if to_the_left else way), ground))
    pairs = beside_plans(Driver.on(ground, rng), walks)
    assert keeps_directions(pairs, ground) == keeps


def test_a_layer_of_another_size_is_refused(two_ways):
    with pytest.raises(DriveError, match="layer 'mask'"):
        learn(two_ways, [], SETTINGS, {"mask": np.zeros((3, 3))})


@pytest.mark.slow
def test_the_learned_cost_is_never_below_todays(two_ways):
    ground = Ground.of(two_ways, SETTINGS, {})
    cost = cost_on(learn(two_ways, drives_over_the_top(two_ways), SETTINGS), ground)
    assert (cost >= ground.cost).all()
