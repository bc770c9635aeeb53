"""Fixed points v = f(v, x): three solvers, two adjoints, and how strongly f feeds back.

    solvers    iterate (plain), anderson, broyden           `solvers.py`
    adjoints   unrolled, implicit                           `adjoint.py`
    ||df/dv||  Hutchinson's estimate                        `jacobian.py`

Solver, adjoint and f are three independent choices. Everything works sample by sample, so the
answer for a sample does not depend on which others share its batch, and stops by residual; a cap
on the iterations is always said out loud, and reaching it is a status.
"""

from studies.fixed_point.adjoint import ADJOINTS, FixedPointError, solve, unroll
from studies.fixed_point.adjoint_log import AdjointLog
from studies.fixed_point.jacobian import squared_jacobian_norm
from studies.fixed_point.result import FixedPoint, SolveStatus, Stopping
from studies.fixed_point.solvers import SOLVERS, Solver, anderson, broyden, iterate

__all__ = [
    "ADJOINTS",
    "SOLVERS",
    "AdjointLog",
    "FixedPoint",
    "FixedPointError",
    "SolveStatus",
    "Solver",
    "Stopping",
    "anderson",
    "broyden",
    "iterate",
    "solve",
    "squared_jacobian_norm",
    "unroll",
]
