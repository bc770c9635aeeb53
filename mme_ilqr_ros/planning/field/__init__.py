"""Exact cost-to-go fields on grids: solvers, best moves, gradient, repair and walks."""

from mme_ilqr_ros.planning.field.costs import NO_MOVE, FieldError, blank_costs, inner
from mme_ilqr_ros.planning.field.field import Field
from mme_ilqr_ros.planning.field.solve import (
    Walk,
    follow,
    solve_bordered,
    solve_edges,
    solve_field,
    warm_up,
)

__all__ = [
    "NO_MOVE",
    "Field",
    "FieldError",
    "Walk",
    "blank_costs",
    "follow",
    "inner",
    "solve_bordered",
    "solve_edges",
    "solve_field",
    "warm_up",
]
