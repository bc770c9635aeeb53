"""Exact cost-to-go fields on grids: solvers, best moves, gradient, repair and walks."""

from mme_ilqr_ros.planning.field.checks import FieldError
from mme_ilqr_ros.planning.field.field import Field, Repair
from mme_ilqr_ros.planning.field.layout import NO_MOVE
from mme_ilqr_ros.planning.field.solve import solve_edges, solve_field
from mme_ilqr_ros.planning.field.walk import Walk, follow
from mme_ilqr_ros.planning.field.warm_up import warm_up

__all__ = [
    "NO_MOVE",
    "Field",
    "FieldError",
    "Repair",
    "Walk",
    "follow",
    "solve_edges",
    "solve_field",
    "warm_up",
]
