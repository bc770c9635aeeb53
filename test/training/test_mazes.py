"""Maze data: generated, read and labelled."""

import numpy as np
import pytest
from scipy import ndimage

from mme_ilqr_ros.training.tasks.mazes import MazeError, generate_mazes, load_mazes, with_expert


def test_the_same_seed_makes_the_same_mazes():
    a, b = (generate_mazes(5, 15, np.random.default_rng(3)) for _ in range(2))
    np.testing.assert_array_equal(a.occupied, b.occupied)
    np.testing.assert_array_equal(a.goals, b.goals)


@pytest.mark.parametrize("size", [7, 15, 28])
def test_a_perfect_maze_is_a_tree(size):
    """Connected, and with one link fewer than cells (a goal put into a wall may close a loop)."""
    mazes = generate_mazes(20, size, np.random.default_rng(0), openness=0.0)
    assert mazes.occupied[:, [0, -1]].all()
    assert mazes.occupied[:, :, [0, -1]].all()
    for maze, goal in zip(mazes.occupied, mazes.goals, strict=True):
        free = ~maze
        free[tuple(goal)] |= goal[0] % 2 == 1 and goal[1] % 2 == 1
        if not (goal % 2).all():
            continue
        links = (free[1:] & free[:-1]).sum() + (free[:, 1:] & free[:, :-1]).sum()
        assert ndimage.label(free)[1] == 1
        assert links == free.sum() - 1


def test_mazes_of_mixed_size_lie_in_maps_of_the_largest():
    mixed = generate_mazes(40, (7, 13), np.random.default_rng(2), openness=0.0)
    assert mixed.occupied.shape == (40, 13, 13)
    free = ~mixed.occupied
    sides = [np.argwhere(maze).max() for maze in free]
    assert len(set(sides)) >= 4
    assert mixed.starts.any(axis=(1, 2)).mean() > 0.9  # a goal freed in a far corner may be alone
    assert not mixed.labels()[:, :, -1].any()


@pytest.mark.parametrize("size", [4, (3, 9), (9, 7)])
def test_a_size_without_a_maze_is_refused(size):
    with pytest.raises(MazeError, match="at least 5 cells"):
        generate_mazes(1, size, np.random.default_rng(0))


def test_labels_are_all_shortest_moves_in_equal_shares():
    occupied = np.zeros((1, 3, 4), dtype=bool)
    occupied[0, 1, 3] = True
    labels = with_expert(occupied, np.array([[0, 0]])).labels()[0]
    # Moves are row - 1, column - 1, row + 1, column + 1.
    assert labels[:, 2, 2].tolist() == [0.5, 0.5, 0.0, 0.0]
    assert labels[:, 2, 0].tolist() == [1.0, 0.0, 0.0, 0.0]
    assert labels[:, 0, 3].tolist() == [0.0, 1.0, 0.0, 0.0]
    assert labels[:, 0, 0].sum() == 0.0  # the goal
    assert labels[:, 1, 3].sum() == 0.0  # a wall
    np.testing.assert_array_equal(np.unique(labels.sum(axis=0)), [0.0, 1.0])


def write(path, action=None, **changes):
    mazes = generate_mazes(4, 7, np.random.default_rng(1))
    goal = np.zeros((4, 1, 7, 7), dtype=np.uint8)
    goal[np.arange(4), 0, mazes.goals[:, 0], mazes.goals[:, 1]] = 1
    best = mazes.labels().argmax(axis=1) if action is None else action
    arrays = {
        "train_maze": (~mazes.occupied).astype(np.uint8),
        "train_goal": goal,
        "train_action": np.eye(4, dtype=np.uint8)[best].transpose(0, 3, 1, 2)[:, :, None],
    }
    np.savez(path, **{**arrays, **changes})
    return mazes


def test_a_file_is_read_as_it_was_written(tmp_path):
    mazes = write(tmp_path / "m.npz")
    read = load_mazes(tmp_path / "m.npz", "train")
    np.testing.assert_array_equal(read.occupied, mazes.occupied)
    np.testing.assert_array_equal(read.goals, mazes.goals)
    np.testing.assert_array_equal(read.distance, mazes.distance)


def test_a_bad_file_is_named(tmp_path):
    path = tmp_path / "m.npz"
    with pytest.raises(MazeError, match=r"m\.npz: cannot read split 'train'"):
        load_mazes(path, "train")
    write(path)
    with pytest.raises(MazeError, match="cannot read split 'val'"):
        load_mazes(path, "val")
    write(path, action=np.zeros((4, 7, 7), dtype=int))
    with pytest.raises(MazeError, match="not on a shortest path"):
        load_mazes(path, "train")
    write(path, train_goal=np.zeros((4, 1, 7, 7), dtype=np.uint8))
    with pytest.raises(MazeError, match="one free cell of each maze"):
        load_mazes(path, "train")
    path.write_text("no numbers")
    with pytest.raises(MazeError, match="cannot read"):
        load_mazes(path, "train")
