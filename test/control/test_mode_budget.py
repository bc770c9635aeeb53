import math

import pytest
from mme_ilqr_ros.control.mode_budget import LATE_CYCLES, SPARE_CYCLES, ModeBudget

LATE, SPARE, TIGHT = 1.1, 0.2, 0.9  # used, of an allowed time of 1


def after(budget, used, cycles, wanted=20):
    for _ in range(cycles):
        budget.note(used, 1.0, budget.modes(wanted))
    return budget.modes(wanted)


def test_late_cycles_in_a_row_give_up_whole_groups_down_to_one():
    budget = ModeBudget(8)
    assert budget.modes(20) == 20
    assert after(budget, LATE, LATE_CYCLES - 1) == 20
    assert after(budget, LATE, 1) == 16
    assert after(budget, LATE, LATE_CYCLES) == 8
    assert after(budget, LATE, 10 * LATE_CYCLES) == 8


def test_a_late_cycle_now_and_then_changes_nothing():
    budget = ModeBudget(8)
    for _ in range(10):
        assert after(budget, LATE, LATE_CYCLES - 1) == 20
        assert after(budget, TIGHT, 1) == 20


def test_modes_come_back_one_group_after_the_other_when_there_is_time():
    budget = ModeBudget(8)
    after(budget, LATE, 2 * LATE_CYCLES)
    assert after(budget, SPARE, SPARE_CYCLES - 1) == 8
    assert after(budget, SPARE, 1) == 16
    assert after(budget, SPARE, SPARE_CYCLES) == 20
    assert after(budget, SPARE, 10 * SPARE_CYCLES) == 20


def test_they_do_not_come_back_to_be_late_again():
    budget = ModeBudget(8)
    after(budget, LATE, LATE_CYCLES)
    assert after(budget, 0.6, 100) == 16  # with half as many again it would take 0.9


@pytest.mark.parametrize("wanted", [1, 5, 8])
def test_a_single_group_is_never_given_up(wanted):
    budget = ModeBudget(8)
    assert after(budget, LATE, 50, wanted) == wanted


def test_without_a_deadline_all_modes_stay_or_come_back():
    budget = ModeBudget(8)
    after(budget, LATE, LATE_CYCLES)
    for _ in range(SPARE_CYCLES):
        budget.note(5.0, math.inf, budget.modes(20))
    assert budget.modes(20) == 20


def test_another_number_of_modes_is_another_number_of_groups():
    budget = ModeBudget(8)
    after(budget, LATE, 4 * LATE_CYCLES, wanted=64)
    assert budget.modes(64) == 32
    assert budget.modes(12) == 8
