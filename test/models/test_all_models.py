"""What holds for every robot model, and the motions that have a closed form."""

import casadi as ca
import numpy as np
import pytest

from mme_ilqr_ros.models import (
    ControlLimits,
    ackermann,
    differential_drive,
    omnidirectional,
)

WHEELBASE = 0.4
MODELS = (
    differential_drive(),
    omnidirectional(),
    ackermann(WHEELBASE),
)
NAMES = [model.name for model in MODELS]


def functions(model):
    x, u, dt = ca.SX.sym("x", model.nx), ca.SX.sym("u", model.nu), ca.SX.sym("dt")
    f = model.step(x, u, dt)
    step = ca.Function("step", [x, u, dt], [f])
    jacobians = ca.Function("jacobians", [x, u, dt], [ca.jacobian(f, x), ca.jacobian(f, u)])
    return lambda *z: np.array(step(*z)).ravel(), lambda *z: [np.array(m) for m in jacobians(*z)]


def differences(function, z, step=1e-6):
    rows = [(function(z + e) - function(z - e)) / (2 * step) for e in step * np.eye(len(z))]
    return np.stack(rows, axis=-1)


def drive(model, x, controls, duration):
    step, _ = functions(model)
    for u in controls:
        x = step(x, u, duration / len(controls))
    return x


@pytest.mark.parametrize("model", MODELS, ids=NAMES)
def test_jacobians_equal_central_differences(model):
    step, jacobians = functions(model)
    rng = np.random.default_rng(0)
    for _ in range(5):
        x, u = rng.normal(scale=0.6, size=model.nx), rng.normal(scale=0.6, size=model.nu)
        A, B = jacobians(x, u, 0.2)
        assert pytest.approx(differences(lambda z, u=u: step(z, u, 0.2), x), abs=1e-8) == A
        assert pytest.approx(differences(lambda z, x=x: step(x, z, 0.2), u), abs=1e-8) == B


@pytest.mark.parametrize("model", MODELS, ids=NAMES)
def test_where_the_robot_stands_and_faces_does_not_matter(model):
    """Moving and turning the start moves and turns the end, and changes nothing else."""
    step, _ = functions(model)
    rng = np.random.default_rng(1)
    x, u, turn = rng.normal(size=model.nx), rng.normal(scale=0.5, size=model.nu), 0.8
    c, s = np.cos(turn), np.sin(turn)
    moved = x.copy()
    moved[:3] = [c * x[0] - s * x[1] + 3.0, s * x[0] + c * x[1] - 1.0, x[2] + turn]
    here, there = step(x, u, 0.3), step(moved, u, 0.3)
    expected = [c * here[0] - s * here[1] + 3.0, s * here[0] + c * here[1] - 1.0, here[2] + turn]
    assert there[:3] == pytest.approx(expected)
    assert there[3:] == pytest.approx(here[3:])


@pytest.mark.parametrize("model", MODELS, ids=NAMES)
def test_the_step_is_second_order_accurate_in_its_duration(model):
    """Velocities that change linearly over two seconds, in n stages."""
    rng = np.random.default_rng(2)
    x0, end = rng.uniform(0.1, 0.6, size=model.nx), rng.uniform(0.2, 0.9, size=model.nu)

    def at_end(n):
        if -1 in model.held_state:
            return drive(model, x0, np.tile(end, (n, 1)), 2.0)
        held = x0[list(model.held_state)]
        ramp = held + (end - held) * np.arange(1, n + 1)[:, None] / n
        return drive(model, x0, ramp, 2.0)

    exact = at_end(1500)
    errors = [np.abs(at_end(n) - exact).max() for n in (10, 20, 40)]
    assert errors[1] == pytest.approx(errors[0] / 4, rel=0.15)
    assert errors[2] == pytest.approx(errors[1] / 4, rel=0.15)


@pytest.mark.parametrize("model", MODELS, ids=NAMES)
def test_a_held_state_is_the_control_that_ended_the_stage(model):
    step, _ = functions(model)
    rng = np.random.default_rng(3)
    u = rng.normal(size=model.nu)
    after = step(rng.normal(size=model.nx), u, 0.2)
    for i, held in enumerate(model.held_state):
        assert held < 0 or after[held] == u[i]


def test_an_omnidirectional_robot_that_slides_while_it_turns_keeps_its_circle():
    """At constant body velocities the centre of the circle lies at (-vy, vx) / w in its frame."""
    vx, vy, w, duration = 0.3, -0.5, 0.7, 2.0
    end = drive(
        omnidirectional(), np.array([0, 0, 0, vx, vy, w]), np.tile([vx, vy, w], (2000, 1)), duration
    )
    angle = w * duration
    c, s = np.cos(angle), np.sin(angle)
    expected = [(s * vx - (1 - c) * vy) / w, ((1 - c) * vx + s * vy) / w, angle]
    assert end[:3] == pytest.approx(expected, abs=1e-6)


def test_an_omnidirectional_robot_drives_straight_to_its_left():
    end = drive(
        omnidirectional(), np.array([0, 0, np.pi / 2, 0, 0.4, 0]), np.tile([0, 0.4, 0], (10, 1)), 2
    )
    assert end[:3] == pytest.approx([-0.8, 0.0, np.pi / 2])


@pytest.mark.parametrize("v", [0.6, -0.6])
def test_a_car_drives_the_circle_of_radius_wheelbase_over_tan_of_its_steering(v):
    steer, duration = 0.4, 3.0
    end = drive(
        ackermann(WHEELBASE),
        np.array([0, 0, 0, v, steer]),
        np.tile([v, steer], (3000, 1)),
        duration,
    )
    radius = WHEELBASE / np.tan(steer)
    angle = v * duration / radius
    expected = [radius * np.sin(angle), radius * (1 - np.cos(angle)), angle]
    assert end[:3] == pytest.approx(expected, abs=1e-6)


def test_a_car_at_rest_does_not_turn():
    end = drive(ackermann(WHEELBASE), np.zeros(5), np.tile([0.0, 0.5], (5, 1)), 1.0)
    assert end == pytest.approx([0, 0, 0, 0, 0.5])


def test_a_car_needs_a_wheelbase():
    with pytest.raises(ValueError, match="wheelbase"):
        ackermann(0.0)


def test_what_is_reachable_is_the_box_cut_to_what_the_rates_allow():
    limits = ControlLimits((-0.5, -2.0), (1.0, 2.0), (2.0, np.inf))
    low, high = limits.reachable([0.9, 0.0], 0.1)
    assert low == pytest.approx([0.7, -2.0])
    assert high == pytest.approx([1.0, 2.0])
    low, high = limits.reachable([3.0, 3.0], 0.1)  # outside: the way back
    assert (low[0], high[0]) == pytest.approx((2.8, 2.8))
    assert (low[1], high[1]) == pytest.approx((-2.0, 2.0))
    assert limits.clip([5.0, -5.0], [0.9, 0.0], 0.1) == pytest.approx([1.0, -2.0])
