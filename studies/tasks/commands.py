"""All training tasks by name: those of what ships and those of the studies."""

from __future__ import annotations

from collections.abc import Mapping

from mme_ilqr_ros.training import verb
from mme_ilqr_ros.training.task import Command
from studies.tasks import lanes, manipulation, navigation, pictures, terrain, visual

COMMANDS: Mapping[str, Command] = {
    **verb.COMMANDS,
    "navigation": navigation.COMMAND,  # the same with --model
    "terrain": terrain.COMMAND,
    "lanes": lanes.COMMAND,
    "pictures": pictures.COMMAND,
    "visual": visual.COMMAND,
    "manipulation": manipulation.COMMAND,
}
