"""The planners that studies compare: their names in tables, and how they are trained.

"vin" and its kin have free kernels as in the papers; "vin, MDP" is the same made a decision process
(`planning/family/decision.py`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from studies.family import MODELS, STRUCTURED

MDP = ", MDP"
DISCOUNT = ("--discount", "0.97")
ALL = (*MODELS, *(f"{name}{MDP}" for name in MODELS if name.endswith("vin")))
TWINS = ("vin, MDP", "id_vin, MDP")

ADAM = ("--optimizer", "adam", "--schedule", "one_cycle", "--learning-rate", "1e-2")
"""For small budgets, in place of the papers' RMSprop at 1e-3."""
SOLVES = ("--tolerance", "1e-2", "--adjoint-tolerance", "1e-2", "--iterations", "200")
"""Of implicit planners on small budgets."""
SMALL = {
    "vin": ("--hidden", "32", "--actions", "10"),
    "symvin": ("--hidden", "32", "--actions", "2"),
    "gppn": ("--hidden", "64", "--actions", "6", "--epochs", "1", "--learning-rate", "5e-3"),
}
"""Of each kind on small budgets. SymVIN has eight images of each action; a step of GPPN teaches
more than one of VIN and takes longer."""
TINY = dict.fromkeys(SMALL, ("--hidden", "8", "--actions", "4"))


@dataclass(frozen=True)
class Recipe:
    """How a preset trains.

    Attributes:
        common: Training options of every planner.
        learned: Of those whose iteration is learned, free or decision process.
        implicit: Of those among them that are implicit.
        kinds: Of each kind, by model without "id_".
    """

    common: tuple[str, ...]
    learned: tuple[str, ...] = ()
    implicit: tuple[str, ...] = ()
    kinds: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def options(self, planner: str) -> tuple[str, ...]:
        """Return the training options of a planner by its name in tables."""
        model = planner.removesuffix(MDP)
        start = ("--model", model, *self.common)
        if model == STRUCTURED:
            return start
        process = DISCOUNT if planner.endswith(MDP) else ()
        solves = self.implicit if is_implicit(planner) else ()
        kind = self.kinds.get(model.removeprefix("id_"), ())
        return (*start, *self.learned, *kind, *process, *solves)


def is_implicit(planner: str) -> bool:
    """Return whether a learned iteration has the implicit adjoint."""
    return planner.startswith("id_")
