"""The tasks by name. A new one is a line here."""

from __future__ import annotations

from collections.abc import Mapping

from mme_ilqr_ros.training.task import Command
from mme_ilqr_ros.training.tasks import (
    clearance,
    lanes,
    manipulation,
    navigation,
    pictures,
    terrain,
    visual,
)

COMMANDS: Mapping[str, Command] = {
    "navigation": navigation.COMMAND,
    "visual": visual.COMMAND,
    "manipulation": manipulation.COMMAND,
    "pictures": pictures.COMMAND,
    "terrain": terrain.COMMAND,
    "lanes": lanes.COMMAND,
    "clearance": clearance.COMMAND,
}
"""Subcommands of `python -m mme_ilqr_ros.training`, by name."""
