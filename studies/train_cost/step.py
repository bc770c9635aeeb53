"""One training step of one planner, timed, in its own process, to measure memory."""

from __future__ import annotations

import ctypes
import multiprocessing
import time
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from mme_ilqr_ros.planning.moves import N_STRAIGHT
from mme_ilqr_ros.training.tasks.mazes import generate_mazes
from mme_ilqr_ros.training.tasks.navigation import imitation_loss, maze_inputs
from studies.family import FREE_KERNEL, MODELS, STRUCTURED, free_kernel
from studies.fixed_point import AdjointLog, Stopping

# [-] L1 norm of a kernel over v: a new one is zero, and its iteration ends at once; trained ones
# lie near the edge of what still contracts.
KERNEL_NORM = 0.97


@dataclass(frozen=True)
class StepCase:
    """What is measured.

    Attributes:
        model: Name in `planning.family.MODELS`.
        size: Cells along a side of the mazes.
        iterations: K, of the forward solve, all of which are made; the structured model has none.
        batch: Mazes in the step.
        repeat: Steps.
        seed: Of mazes and model.
        device: "cpu" or "cuda".
    """

    model: str
    size: int
    iterations: int
    batch: int
    repeat: int
    seed: int
    device: str


@dataclass(frozen=True)
class StepCost:
    """What a step costs.

    Attributes:
        case: Of what.
        forward: Seconds of each forward pass with its loss.
        backward: Seconds of each backward pass with the optimiser's step.
        peak: Largest memory of a step above that before it [byte]; None where it is not known.
        adjoint_iterations: Of the last implicit adjoint; None where none is iterated.
        adjoint_residual: Of it.
    """

    case: StepCase
    forward: tuple[float, ...]
    backward: tuple[float, ...]
    peak: int | None
    adjoint_iterations: int | None
    adjoint_residual: float | None

    @property
    def step_ms(self) -> float:
        """Time of the fastest step [ms]: what the machine does besides only adds."""
        return 1e3 * min(f + b for f, b in zip(self.forward, self.backward, strict=True))


def measure(case: StepCase) -> StepCost:
    """Measure in a new process, whose memory is unused."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(run_steps, (case,))


def run_steps(case: StepCase) -> StepCost:
    """Make the steps and measure them; the first one also shows the peak of memory."""
    torch.set_num_threads(1)
    model = make_model(case).to(case.device)
    mazes = generate_mazes(case.batch, case.size, np.random.default_rng(case.seed))
    inputs = maze_inputs(mazes, torch.device(case.device))
    labels = torch.from_numpy(mazes.labels()).to(case.device)
    optimizer = torch.optim.RMSprop(model.parameters(), lr=1e-6)
    _step(model, optimizer, inputs, labels, replace(case, iterations=2))  # what is made once
    before = _memory_before(case.device)
    forward, backward, adjoint, peak = [], [], None, None
    for index in range(case.repeat):
        times, adjoint = _step(model, optimizer, inputs, labels, case)
        forward.append(times[0])
        backward.append(times[1])
        if index == 0 and before is not None:
            peak = _peak(case.device) - before
    return StepCost(
        case,
        tuple(forward),
        tuple(backward),
        peak,
        adjoint.get("adjoint iterations"),
        adjoint.get("adjoint residual"),
    )


def make_model(case: StepCase) -> nn.Module:
    """Return a new model whose iteration goes on for as long as one that has learned."""
    generator = torch.Generator().manual_seed(case.seed)
    if case.model not in FREE_KERNEL:
        return MODELS[case.model](generator)
    model = free_kernel(case.model, generator)
    with torch.no_grad():
        for parameter in model.parameters():
            if not parameter.any():
                kernel = torch.rand(parameter.shape, generator=generator)
                sums = kernel.flatten(1).sum(dim=1).view(-1, *[1] * (kernel.dim() - 1))
                parameter.copy_(KERNEL_NORM * kernel / sums)
    return model


def _step(
    model: nn.Module,
    optimizer: torch.optim.Optimizer,
    inputs: tuple[Tensor, Tensor],
    labels: Tensor,
    case: StepCase,
) -> tuple[tuple[float, float], AdjointLog]:
    """Make a step; return its two times [s] and what the adjoint said."""
    log = AdjointLog()
    begun = _now(case.device)
    if case.model == STRUCTURED:
        plan = model(*inputs, n_moves=N_STRAIGHT)
    else:
        stopping = Stopping(-1.0, case.iterations)  # no residual is that small: all K are made
        plan = model(*inputs, n_moves=N_STRAIGHT, stopping=stopping, on_adjoint=log)
    loss = imitation_loss(plan.logits, labels)
    half = _now(case.device)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return (half - begun, _now(case.device) - half), log


def _now(device: str) -> float:
    """Return a time [s]: on the CPU that of the processor, so that a busy machine does not count.

    With one thread, on a machine with nothing else to do, it is the time that passes.
    """
    if device == "cuda":
        torch.cuda.synchronize()
        return time.perf_counter()
    return time.process_time()


def _memory_before(device: str) -> int | None:
    """Return the memory in use [byte] and let its peak begin there; None where that cannot be."""
    if device == "cuda":
        torch.cuda.reset_peak_memory_stats()
        return int(torch.cuda.memory_allocated())
    try:
        # What was freed before but not given back would hide as much of what comes.
        ctypes.CDLL(None).malloc_trim(0)
        Path("/proc/self/clear_refs").write_text("5")  # the peak is reset
        return _status("VmRSS")
    except (OSError, AttributeError, LookupError):  # no Linux, or no glibc
        return None


def _peak(device: str) -> int:
    if device == "cuda":
        return int(torch.cuda.max_memory_allocated())
    return _status("VmHWM")


def _status(key: str) -> int:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(f"{key}:"):
            return 1024 * int(line.split()[1])
    raise LookupError(key)
