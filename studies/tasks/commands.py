"""All training tasks by name: those of what ships and those of the studies."""

from __future__ import annotations

from collections.abc import Mapping

from mme_ilqr_ros.training import commands
from mme_ilqr_ros.training.task import Command
from studies.tasks import lanes, manipulation, pictures, visual

COMMANDS: Mapping[str, Command] = {
    **commands.COMMANDS,
    "visual": visual.COMMAND,
    "manipulation": manipulation.COMMAND,
    "pictures": pictures.COMMAND,
    "lanes": lanes.COMMAND,
}
