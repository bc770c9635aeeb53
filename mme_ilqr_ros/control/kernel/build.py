"""Put the printed stage functions and the solver text into one module, compiled and cached.

The module's directory is named by a hash of everything that goes into it (stage functions, solver
text, versions of Python, numba and numpy, processor), so an edited model, cost or solver can never
meet a stale binary. The file appears by an atomic rename: two processes may build at once.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import platform
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import numpy as np

from mme_ilqr_ros.control.kernel.emit import emit, emit_switched
from mme_ilqr_ros.control.problem import Problem

TEXTS = ("clearance.py", "forward.py", "backward.py", "solve.py", "sample.py", "cycle.py")
MARKER = "# ---- kernel ----\n"
BACKENDS = ("numba", "python")
LANES = 8  # modes side by side: one vector of 8 floats on AVX2, of 8 doubles on AVX-512
LANES_OFFER = "any_lane, fill, gather_square, lanes, local, lowest_bit, select, vmax, vmin"
MATH_OFFERS = "absolute, cos, exp, floor, log, power, sin, sqrt, tan, time_is_up"
_HERE = Path(__file__).parent
COMPILED = [_HERE / name for name in ("lanes.py", "lane_math.py", "options.py")]
COMPILED += [_HERE.parent / name for name in ("soft_value.py", "sampling.py", "modes.py")]
PRINTED = ("step", "stage_cost", "terminal_cost", "terminal_quadratic", "action_value")
PRINTED += ("value_update",)
_HEADER = '''"""Generated from the problem's symbols and the kernel's texts. Do not edit."""

import numpy as np
from mme_ilqr_ros.control.modes import NEAR, may_stay, select_mode, selection_costs
from mme_ilqr_ros.control.sampling import draw
from mme_ilqr_ros.control.soft_value import mixture_weights, soft_value
from mme_ilqr_ros.control.kernel.{lanes_module} import {lanes_offer}
from mme_ilqr_ros.control.kernel.{math_module} import {math_offers}

NX, NU, NK, HELD, LANES = {nx}, {nu}, {nx} + 1, {held}, {lanes}  # NK: columns of [k, K]
{decorators}

'''
_DECORATORS = {
    "numba": """
import numba

from mme_ilqr_ros.control.kernel.lanes import OPTIONS, inline

jit = numba.njit(cache=True, **OPTIONS)
plain = numba.njit(cache=True, error_model="numpy")
pure = numba.njit(error_model="numpy")
""",
    "python": """

def jit(function):
    return function


inline = plain = pure = jit
""",
}
# What `cycle.py` joins is ordinary numpy code, compiled where it stands.
_PURE = """
draw, select_mode, selection_costs = pure(draw), pure(select_mode), pure(selection_costs)
may_stay, mixture_weights, soft_value = pure(may_stay), pure(mixture_weights), pure(soft_value)
"""


class KernelError(RuntimeError):
    """The kernel cannot be built on this machine."""


def kernel_source(problem: Problem, backend: str) -> str:
    """Return the text of the kernel module of a problem."""
    header = _HEADER.format(
        lanes_module="lanes" if backend == "numba" else "reference",
        math_module="lane_math" if backend == "numba" else "reference",
        lanes_offer=LANES_OFFER,
        math_offers=MATH_OFFERS,
        nx=problem.model.nx,
        nu=problem.model.nu,
        held=problem.model.held_state,
        lanes=LANES,
        decorators=_DECORATORS[backend],
    )
    symbols = problem.functions()
    switched = problem.switched()
    printed = [
        emit_switched(*switched[name]) if name in switched else emit(symbols[name])
        for name in PRINTED
    ]
    stage = "\n\n".join(f"@inline\n{text}" for text in printed)
    texts = [(_HERE / "text" / name).read_text(encoding="utf-8") for name in TEXTS]
    return "\n\n".join([header + _PURE, stage, *(text.split(MARKER, 1)[1] for text in texts)])


def build_module(problem: Problem, backend: str) -> ModuleType:
    """Return the kernel module of a problem.

    Args:
        problem: Model and cost terms.
        backend: `numba` (compiled at the first call, then cached on disk) or `python` (reference,
            hundreds of times slower).

    Raises:
        KernelError: numba is asked for but is not installed, or no directory can be written.
    """
    if backend not in BACKENDS:
        raise KernelError(f"kernel backend '{backend}': must be one of {', '.join(BACKENDS)}")
    if backend == "numba" and importlib.util.find_spec("numba") is None:
        raise KernelError("numba is not installed: pip install numba, or apt install python3-numba")
    source = kernel_source(problem, backend)
    name = f"mme_kernel_{backend}_{_digest(source)}"
    if name not in sys.modules:
        path = _write(source, name)
        spec = importlib.util.spec_from_file_location(name, path)
        if spec is None or spec.loader is None:
            raise KernelError(f"cannot load the generated kernel {path}")
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        sys.modules[name] = module
    return sys.modules[name]


def _digest(source: str) -> str:
    imported = [path.read_text(encoding="utf-8") for path in COMPILED]
    facts = [source, *imported, sys.version, platform.machine(), _processor(), np.__version__]
    if importlib.util.find_spec("numba") is not None:
        from importlib.metadata import version

        facts.append(version("numba"))
    return hashlib.sha256("\n".join(facts).encode()).hexdigest()[:16]


def _processor() -> str:
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as facts:
            return next((line for line in facts if line.startswith("model name")), "")
    except OSError:
        return platform.processor()


def cache_directories() -> Iterator[Path]:
    """Yield the directories to try, best first; `MME_ILQR_CACHE_DIR` comes before all."""
    if "MME_ILQR_CACHE_DIR" in os.environ:
        yield Path(os.environ["MME_ILQR_CACHE_DIR"])
    yield Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "mme_ilqr_ros"
    yield Path(tempfile.gettempdir()) / f"mme_ilqr_ros_{os.getuid()}"


def _write(source: str, name: str) -> Path:
    reasons = []
    for directory in cache_directories():
        path = directory / name / f"{name}.py"
        try:
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            handle, scratch = tempfile.mkstemp(dir=path.parent)
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(source)
            if path.exists() and path.read_text(encoding="utf-8") == source:
                os.unlink(scratch)  # keep its time stamp: numba's cache looks at it
            else:
                os.replace(scratch, path)
        except OSError as error:
            reasons.append(f"{directory}: {error.strerror}")
            continue
        return path
    raise KernelError(f"no directory for the compiled kernel can be written ({'; '.join(reasons)})")
