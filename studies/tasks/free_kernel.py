"""The navigation task for the planners with a free kernel: VIN, GPPN, SymVIN, either adjoint.

They are tested with one, two and four times the iterations of their training: what has learned a
fixed point does not mind, what has learned a network of so many layers does.
"""

from __future__ import annotations

import argparse
import math
from dataclasses import dataclass, fields, replace

import numpy as np
import torch
from torch import Tensor, nn

from mme_ilqr_ros.command_line import positive_int
from mme_ilqr_ros.planning.moves import N_STRAIGHT
from mme_ilqr_ros.training.task import Loss, TrainingError, TrainSettings, device_of
from mme_ilqr_ros.training.tasks.mazes import MazeSet, RolloutScore, evaluate, held_out_scores
from mme_ilqr_ros.training.tasks.navigation import imitation_loss, maze_inputs
from studies.family import FREE_KERNEL, FreeKernelSettings, free_kernel
from studies.family.free_kernel import Plan
from studies.fixed_point import SOLVERS, AdjointLog

# As the papers train them.
SETTINGS = TrainSettings(
    epochs=30, learning_rate=1e-3, optimizer="rmsprop", schedule="constant", clip=40.0
)
TESTS = ("15 x 15", "28 x 28", "49 x 49")
MULTIPLES = (1, 2, 4)


@dataclass(frozen=True, eq=False)
class FreeKernelTask:
    """Imitate all shortest moves in mazes.

    Attributes:
        kind: Name of the model in `planning.family.FREE_KERNEL`.
        planner: Its settings.
        data: Mazes to learn from.
        validation: Mazes to choose the best model by.
        source: Where they come from, for the card.
    """

    kind: str
    planner: FreeKernelSettings
    data: MazeSet
    validation: MazeSet
    source: str

    @property
    def n_samples(self) -> int:
        """Mazes to learn from."""
        return len(self.data)

    def model(self, generator: torch.Generator) -> nn.Module:
        """Return a new model."""
        return free_kernel(self.kind, generator, self.planner)

    def loss(self, model: nn.Module, indices: Tensor) -> Loss:
        """Return cross entropy and the model's own penalty on some mazes."""
        mazes = self.data.take(indices.numpy())
        device, log = device_of(model), AdjointLog()
        plan = model(*maze_inputs(mazes, device), n_moves=N_STRAIGHT, on_adjoint=log)
        labels = torch.from_numpy(mazes.labels()).to(device)
        loss = imitation_loss(plan.logits, labels) + plan.penalty
        log |= {"iterations": plan.iterations, "penalty": plan.penalty.item()}
        if self.planner.adjoint == "implicit":
            log["converged %"] = 100.0 * plan.converged.double().mean().item()
        if math.isfinite(plan.bound):
            log["kernel L1 norm"] = plan.bound
        return Loss(loss, plan.residual, log)

    def validate(self, model: nn.Module) -> RolloutScore:
        """Return the score on the validation mazes."""
        return evaluate(lambda mazes: self.answer(model, mazes), self.validation)

    def test(self, model: nn.Module) -> dict[str, RolloutScore]:
        """Return scores on new mazes, each with more and more iterations."""
        scores = {}
        for multiple in MULTIPLES:
            at = held_out_scores(lambda mazes, k=multiple: self.answer(model, mazes, k), TESTS)
            scores |= {f"{name}, iterations x{multiple}": score for name, score in at.items()}
        return scores

    def answer(self, model: nn.Module, mazes: MazeSet, multiple: int = 1) -> Plan:
        """Return the model's plan: four moves, no mask, `multiple` times its iterations at most."""
        stopping = self.planner.stopping
        stopping = replace(stopping, max_iterations=multiple * stopping.max_iterations)
        inputs = maze_inputs(mazes, device_of(model))
        return model(*inputs, n_moves=N_STRAIGHT, stopping=stopping)

    def tensors(self, model: nn.Module) -> dict[str, np.ndarray]:
        """Return the model's parameters."""
        return {k: v.cpu().numpy() for k, v in model.state_dict().items()}

    def facts(self) -> dict[str, str]:
        """Return what the card says."""
        changed = {f.name: getattr(self.planner, f.name) for f in fields(self.planner)}
        of = {"model": self.kind, "map": "1 is free", "data": self.source}
        return {**of, "planner": f"{changed}"}


def add_planner_options(parser: argparse.ArgumentParser) -> None:
    """Add the settings of a planner with a free kernel."""
    group = parser.add_argument_group("planners with a free kernel", "defaults: as in the papers")
    add = group.add_argument
    add("--hidden", type=positive_int, metavar="N", help="channels of the first convolution")
    add("--actions", type=positive_int, metavar="N", help="channels of Q, or of GPPN's state")
    add("--kernel", type=positive_int, metavar="CELLS", help="side of the iteration's kernels, odd")
    add("--wrap", action="store_true", default=None, help="maps go on at their opposite sides")
    add(
        "--iterations",
        type=positive_int,
        metavar="N",
        help="layers of an unrolled planner; cap of an implicit one, in both its solves",
    )
    add("--tolerance", type=float, metavar="X", help="relative residual that ends the solve")
    add("--adjoint-tolerance", type=float, metavar="X", help="the same of the adjoint's solve")
    add("--solver", choices=sorted(SOLVERS), help="of the implicit fixed point")
    add("--adjoint-solver", choices=sorted(SOLVERS), help="of its adjoint")
    add("--jacobian-weight", type=float, metavar="W", help="of the penalty on |df/dv|^2")
    add(
        "--discount",
        type=_discount,
        metavar="G",
        help="make VIN or SymVIN a Markov decision process with this discount, which learns far"
        " sooner (0.97 serves mazes of 15 x 15 and larger), or bound GPPN's kernels by it; left"
        " out, kernels are free as in the papers",
    )


def _discount(text: str) -> float:
    value = float(text)
    if not 0.0 < value < 1.0:
        raise argparse.ArgumentTypeError(f"{value} is not between 0 and 1")
    return value


def planner_settings(options: argparse.Namespace) -> FreeKernelSettings:
    """Return the settings of the planner `options.model`, those given in place of its own.

    Raises:
        TrainingError: An option does not go with the planner.
    """
    own = FREE_KERNEL[options.model][1]
    if own.adjoint == "unrolled":
        names = ("tolerance", "adjoint_tolerance", "solver", "adjoint_solver")
        _refuse(options, names, f"{options.model} is unrolled, it solves nothing")
    if options.model == "lstm_gppn":
        _refuse(options, ("discount",), "this recurrence has no form that is a contraction")
    if options.kernel is not None and options.kernel % 2 == 0:
        raise TrainingError(f"--kernel {options.kernel}: must be odd")
    stopping, adjoint_stopping = own.stopping, own.adjoint_stopping
    if options.iterations:
        stopping = replace(stopping, max_iterations=options.iterations)
        adjoint_stopping = replace(adjoint_stopping, max_iterations=options.iterations)
    if options.tolerance is not None:
        stopping = replace(stopping, tolerance=options.tolerance)
    if options.adjoint_tolerance is not None:
        adjoint_stopping = replace(adjoint_stopping, tolerance=options.adjoint_tolerance)
    given = {
        "n_hidden": options.hidden,
        "n_q": options.actions,
        **{name: getattr(options, name) for name in _SAME_NAME},
    }
    return replace(
        own,
        stopping=stopping,
        adjoint_stopping=adjoint_stopping,
        **{name: value for name, value in given.items() if value is not None},
    )


_SAME_NAME = ("kernel", "wrap", "solver", "adjoint_solver", "jacobian_weight", "discount")
PLANNER_OPTIONS = ("hidden", "actions", "iterations", "tolerance", "adjoint_tolerance", *_SAME_NAME)


def _refuse(options: argparse.Namespace, names: tuple[str, ...], why: str) -> None:
    for name in names:
        if getattr(options, name) is not None:
            raise TrainingError(f"--{name.replace('_', '-')}: {why}")


def refuse_planner_options(options: argparse.Namespace) -> None:
    """Raise TrainingError where an option of a free kernel is given to the structured model."""
    _refuse(options, PLANNER_OPTIONS, f"the model {options.model} has no free kernel")
