"""The verb `solve` of the studies: the control cycle on the batch backend (torch), timed."""

from __future__ import annotations

import argparse

import numpy as np
import torch

from mme_ilqr_ros.benchmark import solve
from mme_ilqr_ros.control.kernel import KernelError
from mme_ilqr_ros.errors import InputError
from studies.batched import BatchedKernel

ABOUT = """\
Time the control cycle on tensors, on the CPU or on a GPU: the same algorithm from the same random
numbers as `mme-ilqr solve`, so that costs can be compared.
"""
EXAMPLES = """\
examples:
  python -m studies solve --modes 64 --repeat 20 --out out/torch
  python -m studies solve --device cuda --modes 4096 --repeat 20 --out out/gpu

The arguments and summary.json are those of `mme-ilqr solve`.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the verb's arguments to its parser."""
    solve.add_arguments(parser)
    parser.add_argument(
        "--device", choices=("cpu", "cuda"), default="cpu", help="of the tensors (%(default)s)"
    )


def run(options: argparse.Namespace, command: str) -> str:
    """Time what the command line asks for; return the report.

    Raises:
        InputError: The device is not there.
        SettingError: A number is out of range.
    """
    device = options.device
    if device == "cuda" and torch.cuda.is_available():
        device = f"cuda, {torch.cuda.get_device_name()}, torch {torch.__version__}"
    where = {"backend": "torch", "device": device, "precision": options.precision}
    make = batched(options.device, options.precision)
    try:
        return solve.time_and_report(options, command, make, where)
    except KernelError as error:
        raise InputError(str(error)) from None


def batched(device: str, precision: str) -> solve.MakeKernel:
    """Return what makes the kernel on tensors."""
    return lambda problem: BatchedKernel(problem, device, np.dtype(precision).type)
