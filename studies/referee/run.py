"""A finished run in a referee's world, its row, and the table of several."""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mme_ilqr_ros.reporting.rows import grouped, mean, percentiles_ms, table
from studies.referee.driver import Point, View

FloatArray = NDArray[np.float64]

COLUMNS = {
    "world": "{world}",
    "driver": "{driver}",
    "m/s": "{speed:g}",
    "seed": "{seed}",
    "outcome": "{outcome}",
    "steps": "{steps}",
    "time s": "{time:.1f}",
    "length m": "{length:.1f}",
    "into others": "{own_contacts}",
    "others into it": "{other_contacts}",
    "cpu ms": "{cpu_ms[median]:.1f}",
    "p95": "{cpu_ms[p95]:.1f}",
    "last word": "{message}",
}
TOTALS = {
    "worlds": "{worlds}",
    "driver": "{driver}",
    "m/s": "{speed:g}",
    "runs": "{runs}",
    "reached": "{reached:.1%}",
    "into others": "{own_contacts}",
    "others into it": "{other_contacts}",
    "steps": "{steps:.0f}",
    "time s": "{time:.1f}",
    "cpu ms": "{cpu_ms[median]:.1f}",
    "p95": "{cpu_ms[p95]:.1f}",
}


class End(enum.Enum):
    """How a run ended, in the referee's words."""

    REACHED = "reached"
    COLLISION = "collision"
    TIMEOUT = "timeout"
    GAVE_UP = "gave up"


@dataclass(frozen=True, eq=False)
class Run:
    """What happened in one run.

    Attributes:
        world: Its name.
        worlds: Kind of world, for totals.
        driver: Its name.
        speed: Top speed [m/s].
        seed: Of world and driver.
        end: How it ended.
        message: The driver's last word.
        period: Time from command to command [s].
        cpu: Processor time [s] of every cycle.
        track: x, y, yaw [N, 3] at every command, and at the end.
        shapes: What stood or moved in the world, at the end: corners [K, 2] each.
        footprint: Corners of the robot [K, 2] in its own frame.
        way_points: Where it had to go.
        view: What the driver saw.
        own_contacts: How often it moved into somebody, or into what stands.
        other_contacts: How often somebody moved into it.
    """

    world: str
    worlds: str
    driver: str
    speed: float
    seed: int
    end: End
    message: str
    period: float
    cpu: tuple[float, ...]
    track: FloatArray
    footprint: FloatArray
    way_points: tuple[Point, ...]
    shapes: tuple[FloatArray, ...] = ()
    view: View = field(default_factory=View)
    own_contacts: int = 0
    other_contacts: int = 0

    @property
    def steps(self) -> int:
        """How many commands it was given."""
        return len(self.cpu)

    @property
    def length(self) -> float:
        """Way driven [m]."""
        return float(np.hypot(*np.diff(self.track[:, :2], axis=0).T).sum())

    @property
    def picture_name(self) -> str:
        """A name for its picture, of its own among all runs."""
        driver = self.driver.replace(":", ".")
        return f"{self.world}_{driver}_{self.speed:g}_{self.seed}".replace("/", "_")

    def row(self) -> dict[str, Any]:
        """Return its figures."""
        return {
            "world": self.world,
            "driver": self.driver,
            "speed": self.speed,
            "seed": self.seed,
            "outcome": self.end.value,
            "steps": self.steps,
            "time": round(self.steps * self.period, 3),
            "length": round(self.length, 3),
            "own_contacts": self.own_contacts,
            "other_contacts": self.other_contacts,
            "cpu_ms": percentiles_ms(self.cpu, (50, 95)),
            "message": self.message,
        }

    def line(self) -> str:
        """Return a line about it."""
        what = f"{self.world}, {self.driver}, {self.speed:g} m/s, seed {self.seed}"
        return f"{what}: {self.end.value} after {self.steps} steps; {self.message}"


def totals(runs: Sequence[Run]) -> list[dict[str, Any]]:
    """Return a row for each kind of world, driver and speed; steps and time of what arrived."""
    rows = []
    for (worlds, driver, speed), group in grouped(
        runs, lambda run: (run.worlds, run.driver, run.speed)
    ).items():
        arrived = [run for run in group if run.end is End.REACHED]
        rows.append(
            {
                "worlds": worlds,
                "driver": driver,
                "speed": speed,
                "runs": len(group),
                "reached": len(arrived) / len(group),
                "own_contacts": sum(run.own_contacts for run in group),
                "other_contacts": sum(run.other_contacts for run in group),
                "steps": mean(run.steps for run in arrived),
                "time": mean(run.steps * run.period for run in arrived),
                "cpu_ms": percentiles_ms([s for run in group for s in run.cpu], (50, 95)),
            }
        )
    return rows


def report(runs: Sequence[Run]) -> str:
    """Return the table of all runs and the table of totals, in Markdown."""
    return f"{table([run.row() for run in runs], COLUMNS)}\n\n{table(totals(runs), TOTALS)}"
