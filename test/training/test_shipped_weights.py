"""What the two shipped weight files have learned, beside what could be typed in."""

import numpy as np
import pytest

pytest.importorskip("torch")

from mme_ilqr_ros.planning.cost_model import ClearanceTable, WallCost
from mme_ilqr_ros.planning.weights import find_weights, read_weights
from mme_ilqr_ros.training.tasks.clearance import hidden_cost


def test_clearance_is_the_generating_formula_found_again():
    cost = ClearanceTable(read_weights(find_weights("clearance")).tensors)
    assert len(cost.gaps) == 16 + 1  # the last is 1 by construction
    clearance = np.linspace(0.0, 6.0, 2001)
    np.testing.assert_allclose(cost.at(clearance), hidden_cost(clearance), rtol=0.023)
    assert (np.diff(cost.cost) < 0.0).all()


@pytest.mark.parametrize("density", [0.05, 0.3, 0.5, 0.7, 0.95])
def test_shortest_reads_one_bit_of_each_cell(density):
    cost = WallCost(read_weights(find_weights("shortest")).tensors)
    occupied = np.random.default_rng(0).random((256, 256)) < density
    found = cost.of_cells(occupied)
    assert found[~occupied].min() >= 1.0
    assert found[~occupied].max() < 2.5
    assert found[occupied].min() > 1e4
    assert found.max() <= 1e5 + 1.0
