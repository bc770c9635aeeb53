"""The planners with a free kernel under test: VIN, GPPN, SymVIN and their implicit twins.

Only this file of `plan` needs torch, and it is imported when such a planner is asked for.
"""

from __future__ import annotations

import time

import numpy as np
import torch
from numpy.typing import NDArray

from mme_ilqr_ros.benchmark.plan.maps import Cell, PlanMap
from mme_ilqr_ros.benchmark.plan.planners import Answer
from mme_ilqr_ros.errors import InputError
from mme_ilqr_ros.planning.moves import N_STRAIGHT, STEPS
from studies.family import free_kernel, settings_of
from studies.family.free_kernel import FREE_IS_ONE
from studies.plan.policy import follow_arrows


class FamilyPlanner:
    """A trained model of `studies.family`; its moves are those of the largest logit."""

    is_learned = True

    def __init__(self, name: str, tensors: dict[str, NDArray], masked: bool, device: str) -> None:
        """Take the tensors of a weight file.

        Raises:
            InputError: They are not of this model or of an older format, or there is no such
                device.
        """
        if device == "cuda" and not torch.cuda.is_available():
            raise InputError("--device cuda: torch sees no CUDA device here")
        if FREE_IS_ONE not in tensors:
            raise InputError(
                f"--weights: of an older {name}, which took 1 for a wall, now 1 is free;"
                " train it again"
            )
        try:
            settings = settings_of(name, tensors)
            model = free_kernel(name, torch.Generator().manual_seed(0), settings)
            model.load_state_dict({key: torch.from_numpy(t) for key, t in tensors.items()})
        except (KeyError, RuntimeError) as error:
            first = str(error).splitlines()[-1].strip()
            raise InputError(f"--weights: not those of --planner {name}: {first}") from error
        self._model = model.to(device).eval()
        self._device, self._masked = device, masked

    @torch.no_grad()
    def solve(self, asked: PlanMap, goal: Cell) -> Answer:
        """See `Planner.solve`."""
        blocked = asked.terrain.blocked
        begun = time.perf_counter()
        occupied = torch.from_numpy(blocked[None].astype(np.float32)).to(self._device)
        goals = torch.tensor([goal], device=self._device)
        plan = self._model(occupied, goals, n_moves=asked.n_moves)
        logits = plan.logits[0].cpu().numpy()
        if self._masked:
            logits = np.where(legal_moves(blocked, asked.n_moves), logits, -np.inf)
        arrows = logits.argmax(axis=0).astype(np.int8)
        arrows[np.isneginf(logits).all(axis=0)] = -1
        seconds = time.perf_counter() - begun
        return Answer(
            lambda start: follow_arrows(arrows, start, goal).cells,
            lambda: arrows,
            None,
            None,
            seconds,
            plan.iterations,
            plan.residual,
        )


def legal_moves(blocked: NDArray[np.bool_], n_moves: int) -> NDArray[np.bool_]:
    """Return [A, H, W] which moves of which cells touch nothing and stay on the map."""
    free = np.pad(~blocked, 1)
    height, width = blocked.shape

    def seen(row: int, column: int) -> NDArray[np.bool_]:
        return free[1 + row : 1 + row + height, 1 + column : 1 + column + width]

    legal = np.empty((n_moves, height, width), dtype=bool)
    for move, (row, column) in enumerate(STEPS[:n_moves].tolist()):
        legal[move] = seen(0, 0) & seen(row, column)
        if move >= N_STRAIGHT:
            legal[move] &= seen(row, 0) & seen(0, column)
    return legal
