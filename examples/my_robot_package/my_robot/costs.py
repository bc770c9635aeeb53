"""Costs of leaving the right side of a line, and of a trailer that is not straight."""

from dataclasses import dataclass

import casadi as ca

from mme_ilqr_ros.control.costs import CostTerm, Penalty, softplus
from mme_ilqr_ros.settings import setting


@dataclass(frozen=True)
class KeepRight(CostTerm):
    """Distance to the left of the line y = line_y, for a robot that heads along +x."""

    weight: float = setting(0.3, "Cost per metre left of the line.", unit="1/(m s)", low=0.0)
    line_y: float = setting(0.0, "The line, in the frame of odometry.", unit="m")

    def stage(self, x, u, ref):
        """Return how far to the left the robot is; right of the line it costs nothing."""
        return [Penalty(self.weight, x[1] - self.line_y, lambda r: softplus(r, 0.1))]


@dataclass(frozen=True)
class StraightTrailer(CostTerm):
    """Sine of half the angle between robot and trailer, squared."""

    weight: float = setting(1.0, "Cost of a trailer that is not straight.", unit="1/s", low=0.0)

    def stage(self, x, u, ref):
        """Return the sine of half the angle."""
        return [Penalty(self.weight, ca.sin((x[2] - x[5]) / 2), ca.sumsqr)]
