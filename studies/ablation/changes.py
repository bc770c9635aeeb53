"""The rows of the ablation: which setting is changed, and to what."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from mme_ilqr_ros.settings import Scalar

SHIPPED = "as shipped"


@dataclass(frozen=True, eq=False)
class Change:
    """A row.

    Attributes:
        part: What of the algorithm it is about.
        name: What is changed, in a few words.
        values: Settings of the controller by dotted name; all others stay as shipped.
        controller: Variant that drives.
    """

    part: str
    name: str
    values: Mapping[str, Scalar] = field(default_factory=dict)
    controller: str = "mme_ilqr"


def _one_by_one(part: str, key: str, *values: Scalar) -> tuple[Change, ...]:
    short = key.rsplit(".", 1)[-1]
    return tuple(Change(part, f"{short} {value}", {key: value}) for value in values)


BEFORE = {"ways_out": False, "costs.standing_share": 1.0, "costs.caution": 1.0}
CHANGES = (
    Change("", SHIPPED),
    Change("sampler", "one mode, plain iLQR", controller="ilqr"),
    Change("sampler", "unimodal", controller="me_ilqr"),
    Change("sampler", "random restarts", {"mme.sampler": "restart"}),
    Change("sampler", "Stein variational", controller="sv_ilqr"),
    *_one_by_one("sampler", "mme.n_restarts", 0, 3),
    *_one_by_one("noise", "mme.noise_correlation", 0.0, 0.5),
    *_one_by_one("temperature", "mme.temperature", 0.05, 5.0),
    *_one_by_one("modes", "mme.n_modes", 2, 4, 16),
    *_one_by_one("iterations", "mme.n_iterations", 2, 5, 10),
    *_one_by_one("horizon", "mme.time_steps", 25, 75),
    Change("progress", "no ways out", {"ways_out": False}),
    Change("progress", "clearance at any speed", {"costs.standing_share": 1.0}),
    Change("progress", "both, no caution", BEFORE),
    Change("hysteresis", "none", {"mme.mode_switch_margin": 0.0, "mme.mode_dwell_time": 0.0}),
    *_one_by_one("hysteresis", "mme.mode_dwell_time", 0.0, 2.0),
    *_one_by_one("hysteresis", "mme.mode_switch_margin", 0.15),
    *_one_by_one("hysteresis", "mme.mode_switch_cost", 0.0),
)
PARTS = tuple(dict.fromkeys(change.part for change in CHANGES if change.part))


def chosen(parts: list[str]) -> list[Change]:
    """Return the shipped settings and the rows of some parts; of all where none is named."""
    return [row for row in CHANGES if not row.part or not parts or row.part in parts]
