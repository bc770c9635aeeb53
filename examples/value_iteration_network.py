"""A value iteration network whose weights are set by hand: solvers, adjoints and memory compared.

    python -m examples.value_iteration_network [number of mazes]

With one kernel for each move, the discount as its only weight, VIN is value iteration, and a
contraction by that discount. So there is one fixed point, plain iteration is certain to find it,
and what the others make of it can be compared without any training.
"""

from __future__ import annotations

import sys
import time
from dataclasses import replace

import numpy as np

try:
    import torch
except ModuleNotFoundError as error:
    sys.exit(f"value_iteration_network: {error.name} is missing; pip install 'mme_ilqr_ros[train]'")

from mme_ilqr_ros.planning.moves import N_STRAIGHT, STEPS
from mme_ilqr_ros.training.tasks.mazes import MazeSet, generate_mazes
from mme_ilqr_ros.training.tasks.navigation import imitation_loss, maze_inputs
from studies.family import FREE_KERNEL, VIN
from studies.fixed_point import SOLVERS, FixedPoint, Stopping

DISCOUNT = 0.95
SOLVE = Stopping(1e-4, 1000, relative=True)
DEPTHS = (10, 50, 200)


def by_hand(adjoint: str = "implicit", solver: str = "forward", stopping: Stopping = SOLVE) -> VIN:
    """Return a VIN of four moves: reward 1 at the goal, -3 in a wall, 0 elsewhere."""
    settings = replace(
        FREE_KERNEL["id_vin"][1],
        n_hidden=2,
        n_q=N_STRAIGHT,
        adjoint=adjoint,
        stopping=stopping,
        adjoint_stopping=SOLVE,
        solver=solver,
        adjoint_solver=solver,
    )
    model = VIN(torch.Generator(), settings)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.zero_()
        model.h.bias[0] = -1.0  # the map is 1 where a cell is free
        for channel, reward in enumerate((3.0, 1.0)):  # of the map less 1, of the goal
            model.h.weight[channel, channel, 1, 1] = 1.0
            model.r.weight[0, channel] = reward
        for a, (row, column) in enumerate(STEPS[:N_STRAIGHT].tolist()):
            model.q.weight[a, 0, 1, 1] = 1.0
            model.w[a, 0, 1 + row, 1 + column] = DISCOUNT
            model.policy.weight[a, a] = 10.0
    return model


def main(n_mazes: int = 32) -> None:
    """Print what each solver takes in both directions, and what each adjoint keeps."""
    torch.set_num_threads(1)
    mazes = generate_mazes(n_mazes, 15, np.random.default_rng(1))
    plan = by_hand()(*maze_inputs(mazes, torch.device("cpu")), n_moves=N_STRAIGHT)
    right = (plan.logits.argmax(dim=1).numpy()[:, None] == np.arange(4)[:, None, None]).argmax(1)
    share = np.take_along_axis(mazes.labels(), right[:, None], axis=1)[:, 0][mazes.starts] > 0
    print(f"a best move in {share.mean():.1%} of the cells, kernel norm {plan.bound:.2f}\n")
    print("  solver | forward: evaluations  ms | adjoint: evaluations  ms | residuals")
    for name in SOLVERS:
        print(f"{name:>8} | {_one_step(by_hand(solver=name), mazes)}")
    print("\n     adjoint" + "".join(f" | {k:>3} iterations" for k in DEPTHS))
    for adjoint in ("unrolled", "implicit"):
        kept = (_kept(by_hand(adjoint, stopping=Stopping(0.0, k)), mazes) for k in DEPTHS)
        print(f"{adjoint:>12}" + "".join(f" | {x / 1e6:8.2f} MB   " for x in kept))


def _one_step(model: VIN, mazes: MazeSet) -> str:
    """Plan and differentiate; return evaluations, CPU times and residuals."""
    labels, adjoints = torch.from_numpy(mazes.labels()), list[FixedPoint]()
    times = []
    for _ in range(5):
        begun = time.process_time()
        plan = model(
            *maze_inputs(mazes, torch.device("cpu")), n_moves=N_STRAIGHT, on_adjoint=adjoints.append
        )
        planned = time.process_time()
        imitation_loss(plan.logits, labels).backward()
        times.append((planned - begun, time.process_time() - planned))
    forward, backward = 1e3 * np.min(times, axis=0)
    back = adjoints[-1]
    return (
        f"{plan.iterations:20d} {forward:4.0f} | {back.iterations:20d} {backward:4.0f}"
        f" | {plan.residual:.0e}, {back.residual.max():.0e}"
    )


def _kept(model: VIN, mazes: MazeSet) -> int:
    """Return the bytes that autograd keeps between the two directions."""
    kept = {}

    def pack(tensor: torch.Tensor) -> torch.Tensor:
        storage = tensor.untyped_storage()
        kept[storage.data_ptr()] = storage.nbytes()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        plan = model(*maze_inputs(mazes, torch.device("cpu")), n_moves=N_STRAIGHT)
    del plan
    return sum(kept.values())


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
