"""The training tasks of what ships, by name. A new one is a line here."""

from __future__ import annotations

from collections.abc import Mapping

from mme_ilqr_ros.training.task import Command
from mme_ilqr_ros.training.tasks import clearance, navigation, terrain

COMMANDS: Mapping[str, Command] = {
    "navigation": navigation.COMMAND,
    "terrain": terrain.COMMAND,
    "clearance": clearance.COMMAND,
}
"""Subcommands of `python -m mme_ilqr_ros.training`, by name."""
