"""What the controller needs to know about a robot: how it moves, and within which limits.

Notation: x [nx] state, u [nu] control, dt [s] stage duration. The first three states are always
px, py [m] and yaw [rad], so that obstacles and pictures need no model of their own.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import casadi as ca
import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]
StepFunction = Callable[[ca.SX, ca.SX, ca.SX], ca.SX]


@dataclass(frozen=True)
class RobotModel:
    """A robot as one symbolic step.

    Attributes:
        name: For logs and for the name of the compiled kernel.
        state_names: Names of the nx states; the first three are `px`, `py`, `yaw`.
        control_names: Names of the nu controls. Those named vx, vy, wz and steering cost effort and
            change by the weights of `costs.EffortCost` and `costs.SmoothnessCost`.
        step: f(x [nx], u [nu], dt) -> x' [nx], a CasADi expression.
        held_state: For every control the index of the state that holds the control of the stage
            before, or -1. Where there is one, the control's rate of change can be limited.
        kept_when_braking: Indices of controls that braking leaves as they are, such as a steering
            angle.
    """

    name: str
    state_names: tuple[str, ...]
    control_names: tuple[str, ...]
    step: StepFunction
    held_state: tuple[int, ...]
    kept_when_braking: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        if self.state_names[:3] != ("px", "py", "yaw"):
            raise ValueError(f"model '{self.name}': the first states must be px, py, yaw")
        if len(self.held_state) != self.nu:
            raise ValueError(f"model '{self.name}': held_state needs one entry per control")
        if any(not -1 <= i < self.nx for i in self.held_state):
            raise ValueError(f"model '{self.name}': held_state names a state that does not exist")

    @property
    def nx(self) -> int:
        """Number of states."""
        return len(self.state_names)

    @property
    def nu(self) -> int:
        """Number of controls."""
        return len(self.control_names)

    @property
    def turning(self) -> tuple[int, ...]:
        """Indices of controls that turn the robot where it stands: those named wz."""
        return tuple(i for i, name in enumerate(self.control_names) if name == "wz")


@dataclass(frozen=True)
class ControlLimits:
    """The box in which every control stays, and how fast it may change.

    Attributes:
        lower: Smallest control [nu].
        upper: Largest control [nu].
        rate: Largest change of the control per second [nu]; inf where it is not limited.
    """

    lower: tuple[float, ...]
    upper: tuple[float, ...]
    rate: tuple[float, ...]

    def __post_init__(self) -> None:
        if not len(self.lower) == len(self.upper) == len(self.rate):
            raise ValueError("control limits: lower, upper and rate must have the same length")
        if any(low > high for low, high in zip(self.lower, self.upper, strict=True)):
            raise ValueError(f"control limits: lower {self.lower} exceeds upper {self.upper}")
        if any(rate <= 0.0 for rate in self.rate):
            raise ValueError(f"control limits: rates must be positive, got {self.rate}")

    def as_arrays(self) -> tuple[Array, Array, Array]:
        """Return (lower [nu], upper [nu], rate [nu]); not to be written to."""
        return self._arrays

    @cached_property
    def _arrays(self) -> tuple[Array, Array, Array]:
        return np.array(self.lower, float), np.array(self.upper, float), np.array(self.rate, float)

    def reachable(self, held: ArrayLike, duration: float) -> tuple[Array, Array]:
        """Return the lowest and highest controls [nu] that may follow the controls that hold.

        That is the box, cut to what the rates allow; from outside the box (a limit was lowered) the
        way back into it, as fast as the rates allow.

        Args:
            held: Controls that hold [nu].
            duration: Time until the controls asked for [s].
        """
        lower, upper, rate = self.as_arrays()
        held = np.asarray(held, dtype=float)
        lowest, highest = held - rate * duration, held + rate * duration
        least = np.minimum(np.maximum(lower, lowest), highest)
        return least, np.minimum(np.maximum(upper, lowest), highest)

    def clip(self, wanted: ArrayLike, held: ArrayLike, duration: float) -> Array:
        """Return the reachable controls [nu] nearest to those wanted [nu]; see `reachable`."""
        least, most = self.reachable(held, duration)
        return np.minimum(np.maximum(wanted, least), most)
