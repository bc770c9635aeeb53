"""Picture mazes: what the pictures give away, and that walls are learned from paths alone."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from mme_ilqr_ros.training.loop import train
from mme_ilqr_ros.training.task import TrainSettings
from mme_ilqr_ros.training.tasks.mazes import generate_mazes
from studies.tasks.pictures import PIXELS, Camera, PictureEncoder, PicturesTask

pytestmark = pytest.mark.usefixtures("one_thread")


def cells_of(pictures, occupied):
    n, height, width = occupied.shape
    return pictures.reshape(n, height, PIXELS, width, PIXELS).swapaxes(2, 3)


def test_a_picture_shows_each_cell_where_it_is():
    occupied = np.zeros((1, 3, 4), dtype=bool)
    occupied[0, 1, 2] = True
    pictures = Camera(noise=0.0).pictures(occupied, np.random.default_rng(0))
    assert pictures.shape == (1, 18, 24)
    cells = cells_of(pictures, occupied)
    # Stripes across a wall: every row of pixels is of one brightness. Upright on the floor.
    np.testing.assert_array_equal(np.ptp(cells, axis=-1).max(axis=-1) < 1e-6, occupied)
    np.testing.assert_array_equal(np.ptp(cells, axis=-2).max(axis=-1) < 1e-6, ~occupied)


def test_neither_brightness_nor_a_single_pixel_tells_a_wall():
    occupied = np.random.default_rng(1).random((40, 30, 30)) < 0.5
    cells = cells_of(Camera().pictures(occupied, np.random.default_rng(2)), occupied)
    walls, floor = cells[occupied], cells[~occupied]
    error = walls.std() / np.sqrt(len(walls))  # of the mean of one pixel
    assert np.abs(walls.mean(axis=0) - floor.mean(axis=0)).max() < 5.0 * error
    brightness = [c.mean(axis=(1, 2)) for c in (walls, floor)]
    assert abs(brightness[0].mean() - brightness[1].mean()) < 5.0 * brightness[0].std() / 100.0


def test_a_cost_is_of_the_pixels_of_its_cell_only():
    encoder = PictureEncoder(torch.Generator().manual_seed(0))
    pictures = torch.rand(1, 18, 24, generator=torch.Generator().manual_seed(1))
    before = encoder(pictures)
    pictures[0, 6:12, 12:18] += 1.0
    changed = (encoder(pictures) != before)[0]
    assert changed.tolist() == [[False] * 4, [False, False, True, False], [False] * 4]


def test_walls_are_learned_from_paths_alone():
    data, validation = (
        generate_mazes(n, 9, np.random.default_rng(s)) for n, s in ((1600, 0), (60, 1))
    )
    task = PicturesTask(data, validation, "here", Camera(), seed=0)
    progress = train(task, TrainSettings(batch=16, validations=2))
    assert progress.untrained["success %"] < 60.0
    assert progress.best_score["success %"] > 90.0
    # The result is what was scored: the same pictures are drawn at every validation.
    assert task.validate(progress.best_model()).row() == progress.best_score
