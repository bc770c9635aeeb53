"""Exact cost-to-go fields on grids: solvers, best moves, gradient and walks."""

from mme_ilqr_ros.planning.field.field import Field, FieldError, solve_edges, solve_field
from mme_ilqr_ros.planning.field.layout import NO_MOVE
from mme_ilqr_ros.planning.field.walk import Walk, follow

__all__ = ["NO_MOVE", "Field", "FieldError", "Walk", "follow", "solve_edges", "solve_field"]
