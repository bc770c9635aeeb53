"""Make the kernel of a problem: a copy of `program/` with its printed stage functions, and lanes.

The copy's folder is named by a hash of everything that goes into it (program, printed functions,
lanes, versions of Python, numba and numpy), so an edited model, cost or solver never meets a stale
binary; `compile_cache` keeps processors apart. The folder appears by an atomic rename, for two
processes may build at once.
"""

from __future__ import annotations

import hashlib
import importlib
import importlib.util
import os
import platform
import shutil
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path
from types import ModuleType
from typing import NamedTuple

import numpy as np

from mme_ilqr_ros import cache_folders
from mme_ilqr_ros.control.kernel import program
from mme_ilqr_ros.control.kernel.emit import emit, emit_switched
from mme_ilqr_ros.control.kernel.program import lane
from mme_ilqr_ros.control.problem import Problem

BACKENDS = ("numba", "python")
PRINTED: dict[str, tuple[int, ...]] = {  # with the inputs that are one number: dt
    "step": (2,),
    "stage_cost": (),
    "terminal_cost": (),
    "terminal_quadratic": (),
    "action_value": (3,),
}
_HERE = Path(__file__).parent
_PROGRAM = _HERE / "program"
_SIMD = _HERE / "simd.py"
_IMPORTED = tuple(_HERE / name for name in ("lanes.py", "lane_math.py", "task.py"))
_STAGE = '''"""Printed from the symbols of {name}. Do not edit."""

from .lane import absolute, cos, exp, fill, floor, inline, log, power, select, sin, sqrt, tan
from .lane import vmax, vmin

NX, NU, HELD = {nx}, {nu}, {held}
'''


class KernelError(RuntimeError):
    """The kernel cannot be built on this machine."""


class Program(NamedTuple):
    """The modules of a kernel; `solve` and `sample` are called from outside."""

    solve: ModuleType
    sample: ModuleType
    backward: ModuleType
    stage: ModuleType


def stage_source(problem: Problem) -> str:
    """Return the text of the kernel's `stage.py`."""
    model = problem.model
    head = _STAGE.format(name=model.name, nx=model.nx, nu=model.nu, held=model.held_state)
    symbols, switched = problem.functions(), problem.switched()
    printed = [
        emit_switched(*switched[name], dt) if name in switched else emit(symbols[name], dt)
        for name, dt in PRINTED.items()
    ]
    return "\n\n".join([head, *(f"@inline\n{text}" for text in printed)])


def build_program(problem: Problem, backend: str = "numba") -> Program:
    """Return the kernel of a problem.

    Args:
        problem: Model and cost terms.
        backend: `numba` (compiled at the first call, then cached on disk) or `python` (the
            reference for tests, thousands of times slower).

    Raises:
        KernelError: numba is asked for but is not installed, or no directory can be written.
    """
    if backend not in BACKENDS:
        raise KernelError(f"kernel backend '{backend}': must be one of {', '.join(BACKENDS)}")
    if backend == "numba" and importlib.util.find_spec("numba") is None:
        raise KernelError("numba is not installed: pip install numba, or apt install python3-numba")
    stage = stage_source(problem)
    if backend == "python":
        module = ModuleType("stage")
        exec(compile(stage, f"<stage of {problem.model.name}>", "exec"), _stage_names(module))
        return Program(*(import_over(part, lane, module) for part in Program._fields))
    files = {path.name: path.read_text(encoding="utf-8") for path in _PROGRAM.glob("*.py")}
    files |= {"lane.py": _SIMD.read_text(encoding="utf-8"), "stage.py": stage}
    name = f"mme_kernel_{_digest(files)}"
    if name not in sys.modules:
        _load_package(name, _written(files, name))
    return Program(*(importlib.import_module(f"{name}.{part}") for part in Program._fields))


def import_over(part: str, lane: ModuleType, stage: ModuleType) -> ModuleType:
    """Return a module of the program that runs on other lanes and another stage, not compiled."""
    name = f"{program.__name__}_over_{id(lane):x}_{id(stage):x}"
    if name not in sys.modules:
        package = ModuleType(name)
        package.__path__ = [str(_PROGRAM)]
        sys.modules |= {name: package, f"{name}.lane": lane, f"{name}.stage": stage}
    return importlib.import_module(f"{name}.{part}")


def _stage_names(module: ModuleType) -> dict:
    """Return a module's names, in which its text runs: `.lane` is the program's own."""
    vars(module)["__package__"] = program.__name__
    return vars(module)


def _load_package(name: str, folder: Path) -> None:
    spec = importlib.util.spec_from_file_location(
        name, folder / "__init__.py", submodule_search_locations=[str(folder)]
    )
    if spec is None or spec.loader is None:
        raise KernelError(f"cannot load the generated kernel {folder}")
    package = importlib.util.module_from_spec(spec)
    sys.modules[name] = package
    spec.loader.exec_module(package)


def _digest(files: dict[str, str]) -> str:
    texts = [*(files[name] for name in sorted(files))]
    texts += [path.read_text(encoding="utf-8") for path in _IMPORTED]
    facts = [*texts, sys.version, platform.machine(), np.__version__]
    if importlib.util.find_spec("numba") is not None:
        facts.append(version("numba"))
    return hashlib.sha256("\n".join(facts).encode()).hexdigest()[:16]


def _written(files: dict[str, str], name: str) -> Path:
    """Return the folder that holds the kernel, or the first one that can, with its files in it."""
    writable, reasons = cache_folders.writable(), []
    for directory in cache_folders.readable() if writable != [cache_folders.READY] else ():
        if _holds_all(directory / name, files):
            return directory / name
    for directory in writable:
        folder = directory / name
        try:
            _write(files, folder)
        except OSError as error:
            reasons.append(f"{directory}: {error.strerror}")
            continue
        return folder
    raise KernelError(f"no directory for the compiled kernel can be written ({'; '.join(reasons)})")


def _write(files: dict[str, str], folder: Path) -> None:
    """Write a folder at once; one that is there and whole keeps its time stamps for numba."""
    if _holds_all(folder, files):
        return
    folder.parent.mkdir(parents=True, exist_ok=True)
    scratch = Path(tempfile.mkdtemp(dir=folder.parent))
    try:
        for name, text in files.items():
            (scratch / name).write_text(text, encoding="utf-8")
        scratch.chmod(folder.parent.stat().st_mode & 0o777)  # as readable as its neighbours
        if folder.exists():  # left incomplete, or edited by hand
            shutil.rmtree(folder)
        os.replace(scratch, folder)
    except OSError:
        shutil.rmtree(scratch, ignore_errors=True)
        if not _holds_all(folder, files):
            raise  # else another process was faster


def _holds_all(folder: Path, files: dict[str, str]) -> bool:
    return all(_holds(folder / name, text) for name, text in files.items())


def _holds(file: Path, text: str) -> bool:
    return os.access(file, os.R_OK) and file.read_text(encoding="utf-8") == text
