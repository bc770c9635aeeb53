"""Every parameter of the local controller, with unit, range and what to do with it."""

from __future__ import annotations

from dataclasses import dataclass

from mme_ilqr_ros.control.costs import CostSettings
from mme_ilqr_ros.control.mme_settings import MmeSettings
from mme_ilqr_ros.geometry.passable import (
    footprint_in,
    footprint_setting,
    margin_setting,
    padding_setting,
)
from mme_ilqr_ros.settings import Settings, check_order, group, setting

VARIANTS = ("mme_ilqr", "me_ilqr", "sv_ilqr", "ilqr")
MOTION_MODELS = ("diff_drive", "omni", "ackermann")


@dataclass(frozen=True)
class ControllerSettings(Settings):
    """The local controller: rates, limits, tolerances, algorithm and cost."""

    controller_frequency: float = setting(
        20.0, "Control cycles per second.", unit="Hz", low=1.0, high=100.0, dynamic=False
    )
    variant: str = setting(
        "mme_ilqr",
        "mme_ilqr optimises several modes, sampled as set by mme.sampler; me_ilqr samples around"
        " the executed mode only; sv_ilqr separates modes by Stein variational steps (slow, for"
        " studies); ilqr is plain iLQR with one mode and no ways out, which stops in local minima.",
        choices=VARIANTS,
    )
    seed: int = setting(0, "Seed of the sampling.", low=0, dynamic=False)
    vx_max: float = setting(1.0, "Largest forward speed.", unit="m/s", low=0.01, high=20.0)
    vx_min: float = setting(
        0.0, "Lowest forward speed; negative allows reversing.", unit="m/s", low=-20.0, high=0.0
    )
    wz_max: float = setting(1.5, "Largest turning rate.", unit="rad/s", low=0.01, high=20.0)
    ax_max: float = setting(
        2.5, "Largest forward acceleration and braking.", unit="m/s^2", low=0.01, high=50.0
    )
    az_max: float = setting(
        5.0, "Largest turning acceleration.", unit="rad/s^2", low=0.01, high=100.0
    )
    motion_model: str = setting(
        "diff_drive",
        "How the robot moves: diff_drive drives forward and turns, omni slides sideways too,"
        " ackermann steers like a car.",
        choices=MOTION_MODELS,
        dynamic=False,
    )
    robot: str = setting(
        "",
        "A robot class of your own as module:Class, in place of motion_model; its settings are at"
        " its name in snake case. See docs/extending.md.",
        dynamic=False,
    )
    extra_costs: tuple[str, ...] = setting(
        (),
        "Cost classes of your own, each as module:Class; the settings of a class KeepRight are at"
        " costs.keep_right. See docs/extending.md.",
        dynamic=False,
    )
    vy_max: float = setting(0.5, "omni: largest sideways speed.", unit="m/s", low=0.0, high=20.0)
    ay_max: float = setting(
        2.5, "omni: largest sideways acceleration.", unit="m/s^2", low=0.01, high=50.0
    )
    wheelbase: float = setting(
        0.3,
        "ackermann: distance between the axles.",
        unit="m",
        low=0.01,
        high=10.0,
        dynamic=False,
    )
    steering_max: float = setting(
        0.5,
        "ackermann: largest steering angle; wheelbase / tan(it) is the smallest turning radius."
        " wz_max and az_max do not apply.",
        unit="rad",
        low=0.01,
        high=1.4,
    )
    steering_rate_max: float = setting(
        1.5, "ackermann: fastest change of the steering angle.", unit="rad/s", low=0.01, high=50.0
    )
    robot_radius: float = setting(
        0.2,
        "Radius of the circle around the robot; with a footprint it is not used.",
        unit="m",
        low=0.01,
        high=5.0,
    )
    footprint: str = footprint_setting()
    footprint_padding: float = padding_setting()
    clearance_margin: float = margin_setting(
        "Clearance planned in addition to the radius, of which a third must be kept; 0: 0.3 radii."
        " Raise it if the robot grazes obstacles, or to the error of its localisation, in the"
        " planner too."
    )
    moving_margin_time: float = setting(
        0.1,
        "Moving obstacles are inflated by the distance that they drive in this time, because they"
        " may change their velocity.",
        unit="s",
        low=0.0,
        high=2.0,
    )
    xy_goal_tolerance: float = setting(
        0.25, "Distance at which the goal counts as reached.", unit="m", low=0.01, high=5.0
    )
    yaw_goal_tolerance: float = setting(
        3.14,
        "Deviation from the goal's heading that counts as reached; 3.14 and more: any heading.",
        unit="rad",
        low=0.02,
        high=3.2,
    )
    path_speed: float = setting(
        0.0,
        "Speed along the plan at which the points for contour_weight and lag_weight advance; 0:"
        " vx_max.",
        unit="m/s",
        low=0.0,
        high=20.0,
    )
    lookahead_distance: float = setting(
        0.0,
        "How far ahead on the plan the target lies; 0: 25 radii. Longer cuts corners and finds"
        " more detours.",
        unit="m",
        low=0.0,
        high=50.0,
    )
    min_lookahead_distance: float = setting(
        0.0,
        "Least lookahead distance where walls of the map hide the plan ahead; 0: 5 radii.",
        unit="m",
        low=0.0,
        high=50.0,
    )
    required_movement_radius: float = setting(
        0.0,
        "Distance that the robot has to make good toward its goal in movement_time_allowance, or it"
        " is stuck; 0: 2.5 radii, or what it drives at a twentieth of vx_max, if that is less.",
        unit="m",
        low=0.0,
        high=10.0,
    )
    movement_time_allowance: float = setting(
        10.0,
        "Time for required_movement_radius. After a quarter of it a robot that hardly moves looks"
        " for a way out round what it knows; after all of it, it says that it is stuck.",
        unit="s",
        low=1.0,
        high=600.0,
    )
    ways_out: bool = setting(
        True,
        "Whether a robot whose plans lead nowhere follows the exact field over what stands round it"
        " to a way out. Never with the variant ilqr, which shows what one plan does.",
    )
    command_delay: float = setting(
        0.05,
        "Time from a measurement to the moment its command acts; the state is predicted over it."
        " About half the time constant of the drive, plus what messages take.",
        unit="s",
        low=0.0,
        high=1.0,
    )
    gate: bool = setting(
        True,
        "Whether every command has to pass a last gate where scans are used: the exact shape swept"
        " along the command and the braking after it, past what was seen.",
    )
    gate_margin: float = setting(
        0.02,
        "Gap that the last gate keeps; never more than a third of clearance_margin, which plans"
        " have to keep.",
        unit="m",
        low=0.0,
        high=1.0,
    )
    solve_time_share: float = setting(
        0.7, "Fraction of the control period after which no iteration starts.", low=0.05, high=1.0
    )
    mme: MmeSettings = group(MmeSettings)
    costs: CostSettings = group(CostSettings)

    def __post_init__(self) -> None:
        """Check each setting, and those that have to fit together."""
        super().__post_init__()
        footprint_in(self)  # raises where it is none
        if self.lookahead_distance:  # 0: derived, and then warned about
            check_order(self, "min_lookahead_distance", "lookahead_distance")
        if self.costs.clearance_distance:
            check_order(self, "costs.stiff_distance", "costs.clearance_distance")
