"""An `on_adjoint` callback that records residuals for the history of a training."""

from __future__ import annotations

from studies.fixed_point.result import FixedPoint


class AdjointLog(dict[str, float]):
    """Numbers of the last backward pass by name, none before the first: pass it as `on_adjoint`."""

    def __call__(self, adjoint: FixedPoint) -> None:
        """Take the result of an adjoint's solve."""
        self["adjoint iterations"] = int(adjoint.iterations)
        self["adjoint residual"] = float(adjoint.residual.max())
        self["adjoint converged %"] = 100.0 * float(adjoint.converged.double().mean())
