import numpy as np
import pytest

from mme_ilqr_ros.planning.moves import STEPS
from mme_ilqr_ros.training.tasks.mazes import generate_mazes
from studies.tasks.panoramas import OFFSETS, Look, cast, panoramas

CLEAR = Look(noise=0)
NORTH, WEST, SOUTH, EAST = range(4)


def views_of(occupied, look=CLEAR):
    """Return pictures [H, W, 4, 32, 32, 3] of one map bool [H, W]."""
    return panoramas(occupied[None], np.random.default_rng(0), look)[0]


def depths_of(occupied):
    depths = np.zeros((*occupied.shape, 4, 32))
    depths[~occupied] = cast(occupied[None], np.argwhere(~occupied[None]))[0]
    return depths


def to_box(origin, ray, box):
    """Return the distance at which a ray enters the unit box around a cell; inf if it does not."""
    low, high = (box - 0.5 - origin) / ray, (box + 0.5 - origin) / ray
    enters, leaves = np.minimum(low, high).max(), np.maximum(low, high).min()
    return enters if 0.0 <= enters < leaves else np.inf


def a_maze(seed=0, size=11):
    return generate_mazes(1, size, np.random.default_rng(seed)).occupied[0]


def test_distances_are_those_of_rays_to_boxes():
    occupied = a_maze()
    depths, walls = depths_of(occupied), np.argwhere(occupied)
    for cell in np.argwhere(~occupied)[::7]:
        for direction, forward in enumerate(STEPS[:4]):
            right = np.array([forward[1], -forward[0]])
            for column, x in enumerate(OFFSETS):
                exact = min(to_box(cell, forward + x * right, wall) for wall in walls)
                assert depths[(*cell, direction, column)] == pytest.approx(exact, abs=1e-9)


def test_beyond_the_map_is_wall():
    depths = depths_of(np.zeros((3, 4), dtype=bool))
    middle = depths[..., 15:17]
    np.testing.assert_allclose(middle[2, 0, EAST], 3.5)
    np.testing.assert_allclose(middle[2, 0, NORTH], 2.5)
    np.testing.assert_allclose(middle[2, 0, SOUTH], 0.5)


@pytest.mark.parametrize("ahead", [1, 2, 3, 5])
def test_a_wall_straight_ahead_is_a_flat_block(ahead):
    occupied = np.zeros((15, 15), dtype=bool)
    occupied[7 - ahead] = True  # a wall across the whole map, north of row 7
    view = views_of(occupied)[7, 7, NORTH].astype(int)
    is_wall = (view == view[16, 16]).all(axis=-1)
    # At distance ahead - 1/2 a wall as high as a cell covers 1 / (2 ahead - 1) of the height.
    expected = np.abs(OFFSETS) <= 1.0 / (2.0 * ahead - 1.0)
    np.testing.assert_array_equal(is_wall, np.broadcast_to(expected[:, None], (32, 32)))


def test_fog_and_sides_darken_walls():
    occupied = np.zeros((9, 9), dtype=bool)
    occupied[3, :] = occupied[:, 7] = True
    view = views_of(occupied)[5, 5]
    np.testing.assert_array_equal(view[NORTH, 16, 16], _colour(1.5, 0))
    np.testing.assert_array_equal(view[EAST, 16, 16], _colour(1.5, 1))
    np.testing.assert_array_equal(view[SOUTH, 16, 16], _colour(3.5, 0))


def _colour(distance, side):
    light = CLEAR.shades[side] * 0.5 ** (distance / CLEAR.fog)
    return (np.array(CLEAR.wall) * light).astype(np.uint8)


def test_turning_the_map_turns_the_views():
    occupied = a_maze(1)
    turned = np.rot90(occupied)  # counter-clockwise: what lay east lies north
    views = np.rot90(np.roll(views_of(occupied), 1, axis=2))
    look = Look(noise=0, shades=CLEAR.shades[::-1])
    np.testing.assert_array_equal(views_of(turned, look), views)


def test_mirroring_the_map_mirrors_the_views():
    occupied = a_maze(2)
    views = views_of(occupied)[:, ::-1, [NORTH, EAST, SOUTH, WEST], :, ::-1]
    np.testing.assert_array_equal(views_of(occupied[:, ::-1]), views)


def test_noise_is_bounded_and_told_by_its_seed():
    occupied = a_maze(3)[None]
    clear = panoramas(occupied, np.random.default_rng(5), CLEAR)
    noisy, again, other = (
        panoramas(occupied, np.random.default_rng(s), Look(noise=10)) for s in (5, 5, 6)
    )
    np.testing.assert_array_equal(noisy, again)
    assert (noisy[~occupied] != other[~occupied]).mean() > 0.8
    assert not noisy[occupied].any()
    difference = noisy.astype(int) - clear
    assert difference.min() == -10
    assert difference.max() == 10
