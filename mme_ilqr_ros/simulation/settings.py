"""Settings of the simulated physics; how often a node publishes is not among them."""

from __future__ import annotations

import math
from dataclasses import dataclass

from mme_ilqr_ros.settings import Settings, group, setting


@dataclass(frozen=True)
class OdometryNoise(Settings):
    """White noise on the measured state."""

    position_std: float = setting(
        0.0, "Standard deviation of the measured x and y.", unit="m", low=0.0, high=1.0
    )
    yaw_std: float = setting(
        0.0, "Standard deviation of the measured heading.", unit="rad", low=0.0, high=1.0
    )
    vx_std: float = setting(
        0.0, "Standard deviation of the measured speed.", unit="m/s", low=0.0, high=1.0
    )
    wz_std: float = setting(
        0.0, "Standard deviation of the measured turning rate.", unit="rad/s", low=0.0, high=1.0
    )


@dataclass(frozen=True)
class ScanSettings(Settings):
    """The simulated laser scanner, mounted at the robot's centre."""

    beams: int = setting(360, "Number of rays.", low=1, high=4096)
    field_of_view: float = setting(
        2.0 * math.pi,
        "Angle between the first and the last ray, symmetric about straight ahead; at a full turn"
        " the last ray is one step short of the first.",
        unit="rad",
        low=0.01,
        high=2.0 * math.pi,
    )
    range_min: float = setting(0.05, "Nearest measurable distance.", unit="m", low=0.0, high=10.0)
    range_max: float = setting(10.0, "Furthest measurable distance.", unit="m", low=0.1, high=200.0)
    noise_std: float = setting(
        0.01, "Standard deviation of a measured distance.", unit="m", low=0.0, high=1.0
    )


@dataclass(frozen=True)
class SimulatorSettings(Settings):
    """What the simulated robot is made of, beyond the size and limits that its scenario gives."""

    actuator_time_constant: float = setting(
        0.1,
        "First-order lag of the drive: speed covers 63 % of a small change in this time.",
        unit="s",
        low=0.0,
        high=5.0,
        dynamic=False,
    )
    command_delay: float = setting(
        0.0, "Time from a command to its first effect.", unit="s", low=0.0, high=2.0, dynamic=False
    )
    cmd_vel_timeout: float = setting(
        0.5,
        "The robot stops, within its acceleration limits, when no command came for this long;"
        " 0 keeps the last command for ever.",
        unit="s",
        low=0.0,
        high=60.0,
        dynamic=False,
    )
    seed: int = setting(
        0, "Seed of all noise; the same seed repeats a run.", low=0, high=2**31 - 1, dynamic=False
    )
    odom_noise: OdometryNoise = group(OdometryNoise)
    scan: ScanSettings = group(ScanSettings)
