"""Settings of the simulated physics and its sensors."""

from __future__ import annotations

import math
from dataclasses import dataclass

from mme_ilqr_ros.geometry.pose import Pose
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
class OdometryDrift(Settings):
    """How dead reckoning errs; without any of it odometry is the true state and `odom_noise`."""

    distance: float = setting(
        0.0,
        "Share by which driven distance and speed are measured too large, as of wheels that slip.",
        low=-0.5,
        high=0.5,
        dynamic=False,
    )
    turn: float = setting(
        0.0,
        "Share by which turns and the turning rate are measured too large.",
        low=-0.5,
        high=0.5,
        dynamic=False,
    )
    yaw_per_metre: float = setting(
        0.0,
        "Turn that is measured on a straight metre, as of wheels of unequal size.",
        unit="rad/m",
        low=-1.0,
        high=1.0,
        dynamic=False,
    )
    yaw_walk: float = setting(
        0.0,
        "Standard deviation of the measured heading after one metre, by slip that comes and goes;"
        " it grows with the root of the distance.",
        unit="rad",
        low=0.0,
        high=1.0,
        dynamic=False,
    )

    @property
    def is_none(self) -> bool:
        """Whether the measured pose is the true one."""
        return self == OdometryDrift()


@dataclass(frozen=True)
class ScanFaults(Settings):
    """What goes wrong with a laser scanner."""

    dropout: float = setting(0.0, "Share of the rays that come back empty.", low=0.0, high=1.0)
    dropout_value: str = setting("inf", "What such a ray says: inf or nan.", choices=("inf", "nan"))
    dirt_width: float = setting(
        0.0,
        "Angle of the glass under dirt: rays through it end at 0.1 m.",
        unit="rad",
        low=0.0,
        high=2.0 * math.pi,
    )
    dirt_direction: float = setting(
        0.0, "Where the dirt is, from the scanner's x axis.", unit="rad", low=-math.pi, high=math.pi
    )
    spin_error: float = setting(
        0.0,
        "Share by which a turn takes longer than rotation_time, unsaid in time_increment.",
        low=-0.9,
        high=2.0,
        dynamic=False,
    )


@dataclass(frozen=True)
class ScanSettings(Settings):
    """A simulated laser scanner."""

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
    rotation_time: float = setting(
        0.0,
        "Time of a full turn, while which the robot drives on; 0 measures all rays at once.",
        unit="s",
        low=0.0,
        high=1.0,
        dynamic=False,
    )
    mount_x: float = setting(
        0.0, "Place on the robot, ahead of its centre.", unit="m", low=-5.0, high=5.0, dynamic=False
    )
    mount_y: float = setting(
        0.0, "Place on the robot, to the left.", unit="m", low=-5.0, high=5.0, dynamic=False
    )
    mount_yaw: float = setting(
        0.0,
        "Direction on the robot in which the middle ray looks.",
        unit="rad",
        low=-math.pi,
        high=math.pi,
        dynamic=False,
    )
    faults: ScanFaults = group(ScanFaults)

    @property
    def mount(self) -> Pose:
        """The scanner in the robot's frame."""
        return Pose(self.mount_x, self.mount_y, self.mount_yaw)

    @property
    def step(self) -> float:
        """Angle in rad from one ray to the next."""
        full_turn = self.field_of_view >= 2.0 * math.pi - 1e-9
        steps = self.beams if full_turn else max(self.beams - 1, 1)
        return self.field_of_view / steps

    @property
    def time_increment(self) -> float:
        """Time in s from one ray to the next, as the scanner says it."""
        return self.rotation_time * self.step / (2.0 * math.pi)


@dataclass(frozen=True)
class RearScanSettings(ScanSettings):
    """A second scanner, which most robots lack."""

    beams: int = setting(
        0, "Number of rays; 0: there is no second scanner.", low=0, high=4096, dynamic=False
    )
    mount_yaw: float = setting(
        math.pi,
        "Direction on the robot in which the middle ray looks.",
        unit="rad",
        low=-math.pi,
        high=math.pi,
        dynamic=False,
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
    scan_publish_dur: float = setting(
        0.1, "Simulated time between laser scans.", unit="s", low=0.01, high=10.0
    )
    odom_noise: OdometryNoise = group(OdometryNoise)
    odom_drift: OdometryDrift = group(OdometryDrift)
    scan: ScanSettings = group(ScanSettings)
    scan_rear: RearScanSettings = group(RearScanSettings)

    @property
    def scanners(self) -> dict[str, ScanSettings]:
        """The scanners that there are, by name."""
        both = {"scan": self.scan, "scan_rear": self.scan_rear}
        return {name: spec for name, spec in both.items() if spec.beams}
