"""The parameters of the algorithm itself: modes, horizon, temperature, sampling, choice."""

from __future__ import annotations

from dataclasses import dataclass

from mme_ilqr_ros.settings import Settings, setting

SAMPLERS = ("mixture", "unimodal", "restart", "stein")


@dataclass(frozen=True)
class MmeSettings(Settings):
    """The algorithm: modes, horizon, temperature, sampling."""

    n_modes: int = setting(
        8, "Number of plans optimised in parallel. More find more homotopy classes.", low=1, high=64
    )
    n_iterations: int = setting(
        20, "Most iLQR iterations per mode and control cycle.", low=1, high=100
    )
    time_steps: int = setting(
        50,
        "Stages of the horizon; horizon = time_steps * model_dt.",
        low=5,
        high=400,
        dynamic=False,
    )
    model_dt: float = setting(
        0.0,
        "Duration of a stage; 0: the time for one radius at vx_max. The horizon must cover the"
        " detour round the largest trap (50 radii with 0); vx_max * model_dt should stay below the"
        " smallest obstacle's diameter.",
        unit="s",
        low=0.0,
        high=20.0,
        dynamic=False,
    )
    sampler: str = setting(
        "mixture",
        "Initial guesses of the modes in a cycle: mixture samples the policies of all modes,"
        " unimodal that of the executed mode only, restart draws random controls, stein moves all"
        " modes by a Stein variational step.",
        choices=SAMPLERS,
    )
    temperature: float = setting(
        0.5,
        "Entropy weight alpha in cost units: how widely modes are sampled. 0 samples nothing.",
        low=0.0,
        high=100.0,
    )
    weight_floor: float = setting(
        0.02, "Smallest mixture weight of a feasible mode.", low=0.0, high=0.5
    )
    noise_correlation: float = setting(
        0.9, "Correlation of sampling noise between neighbouring stages.", low=0.0, high=0.99
    )
    n_restarts: int = setting(
        1, "Modes that start from random controls in every cycle.", low=0, high=63
    )
    mode_switch_margin: float = setting(
        0.08,
        "Relative cost improvement that justifies driving another mode. Larger always means fewer"
        " switches: raise it if the robot dithers between two homotopy classes.",
        low=0.0,
        high=1.0,
    )
    mode_switch_cost: float = setting(
        6.0,
        "Cost below which the improvement that justifies a switch no longer shrinks: near its"
        " target every plan is cheap.",
        low=0.0,
        high=1000.0,
    )
    mode_dwell_time: float = setting(
        1.0,
        "A mode that took over keeps driving this long, unless it becomes infeasible. Larger always"
        " means fewer switches.",
        unit="s",
        low=0.0,
        high=10.0,
    )
