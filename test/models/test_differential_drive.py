import casadi as ca
import numpy as np
import pytest

from mme_ilqr_ros.models import ControlLimits, RobotModel, differential_drive


def step_function(model: RobotModel) -> ca.Function:
    x, u, dt = ca.SX.sym("x", model.nx), ca.SX.sym("u", model.nu), ca.SX.sym("dt")
    return ca.Function("f", [x, u, dt], [model.step(x, u, dt)])


def simulate(step: ca.Function, x: np.ndarray, controls: np.ndarray, dt: float) -> np.ndarray:
    for u in controls:
        x = np.array(step(x, u, dt)).ravel()
    return x


def test_constant_velocities_drive_the_circle_of_radius_v_over_w():
    step, v, w, duration = step_function(differential_drive()), 0.8, 0.5, 2.0
    n = 2000
    end = simulate(step, np.array([0, 0, 0, v, w]), np.tile([v, w], (n, 1)), duration / n)
    angle = w * duration
    expected = [v / w * np.sin(angle), v / w * (1 - np.cos(angle)), angle, v, w]
    assert end == pytest.approx(expected, abs=1e-6)


def test_a_stage_changes_speed_linearly():
    step = step_function(differential_drive())
    x = np.array(step([0, 0, 0, 0.2, 0.0], [1.0, 0.0], 0.5)).ravel()
    assert x == pytest.approx([0.5 * (0.2 + 1.0) / 2, 0, 0, 1.0, 0])  # mean speed times time


def test_the_step_is_second_order_accurate_in_its_duration():
    """Constant accelerations over two seconds, in n stages."""
    step, duration = step_function(differential_drive()), 2.0
    x0, end = np.array([0.3, -0.2, 0.7, 0.5, 0.2]), np.array([0.9, 0.6])

    def drive(n: int) -> np.ndarray:
        ramp = x0[3:] + (end - x0[3:]) * np.arange(1, n + 1)[:, None] / n
        return simulate(step, x0, ramp, duration / n)

    exact = drive(2000)
    errors = [np.abs(drive(n) - exact).max() for n in (10, 20, 40)]
    assert errors[0] < 5e-3
    assert errors[1] == pytest.approx(errors[0] / 4, rel=0.1)
    assert errors[2] == pytest.approx(errors[1] / 4, rel=0.1)


def test_limits_refuse_an_empty_box_and_a_zero_rate():
    with pytest.raises(ValueError, match="exceeds"):
        ControlLimits((1.0,), (0.0,), (1.0,))
    with pytest.raises(ValueError, match="positive"):
        ControlLimits((0.0,), (1.0,), (0.0,))


def test_a_model_must_begin_with_the_planar_pose():
    with pytest.raises(ValueError, match="px, py, yaw"):
        RobotModel("odd", ("yaw", "px", "py"), ("u",), lambda x, u, dt: x, (-1,))
