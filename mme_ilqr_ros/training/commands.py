"""The training tasks of the weight files that ship, by name. A new task is a line here."""

from __future__ import annotations

from collections.abc import Mapping

from mme_ilqr_ros.training.task import Command
from mme_ilqr_ros.training.tasks import clearance, navigation

COMMANDS: Mapping[str, Command] = {
    "clearance": clearance.COMMAND,
    "navigation": navigation.COMMAND,
}
"""Subcommands of `train`, by name."""
