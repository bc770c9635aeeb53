"""Which peers there are, what they need, and how they are made."""

from __future__ import annotations

import dataclasses
import importlib.metadata
import importlib.util
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from mme_ilqr_ros import __version__
from mme_ilqr_ros.control.controller import LocalController
from mme_ilqr_ros.control.settings import VARIANTS, ControllerSettings
from studies.peers.peer import Peer

Controller = Peer | LocalController


@dataclass(frozen=True)
class PeerKind:
    """A row of the comparison.

    Attributes:
        about: What it is, in a few words.
        make: Makes the controller; imports what it needs.
        package: Name on PyPI of what computes the plan; empty for this package's own.
        module: What must be importable for it.
        plugin: CasADi solver that the wheel must bring, or "".
    """

    about: str
    make: Callable[[ControllerSettings], Controller]
    package: str = ""
    module: str = ""
    plugin: str = ""

    @property
    def version(self) -> str:
        """Version of the package that computes the plan."""
        return importlib.metadata.version(self.package) if self.package else __version__

    def missing(self) -> str:
        """Return what to install before this peer can run; empty when it can."""
        if self.module and importlib.util.find_spec(self.module) is None:
            return f"pip install {self.package} (or 'mme_ilqr_ros[peers]')"
        if self.plugin:
            import casadi

            if not casadi.has_nlpsol(self.plugin):
                return f"a CasADi with {self.plugin}: pip install -U casadi"
        return ""


def tuning_of(controller: Controller) -> dict[str, Any]:
    """Return the settings that only this peer has."""
    tuning = getattr(controller, "tuning", None)
    return {} if tuning is None else dataclasses.asdict(tuning)


def _crocoddyl(solver: str) -> Callable[[ControllerSettings], Controller]:
    def make(settings: ControllerSettings) -> Controller:
        from studies.peers.crocoddyl_ddp import Crocoddyl, CrocoddylTuning

        return Crocoddyl(settings, CrocoddylTuning(solver))

    return make


def _shooting(solver: str) -> Callable[[ControllerSettings], Controller]:
    def make(settings: ControllerSettings) -> Controller:
        from studies.peers.shooting import TUNED, Shooting

        return Shooting(settings, TUNED[solver])

    return make


def _mppi(settings: ControllerSettings) -> Controller:
    from studies.peers.mppi import Mppi

    return Mppi(settings)


def _pure_pursuit(settings: ControllerSettings) -> Controller:
    from studies.peers.pure_pursuit import PurePursuit

    return PurePursuit(settings)


def _dynamic_window(settings: ControllerSettings) -> Controller:
    from studies.peers.dynamic_window import DynamicWindow

    return DynamicWindow(settings)


PEERS = {
    **{name: PeerKind("this package", LocalController) for name in ("mme_ilqr", "ilqr")},
    "boxddp": PeerKind("crocoddyl BoxDDP", _crocoddyl("boxddp"), "crocoddyl", "crocoddyl"),
    "boxfddp": PeerKind("crocoddyl BoxFDDP", _crocoddyl("boxfddp"), "crocoddyl", "crocoddyl"),
    "fatrop": PeerKind("multiple shooting, fatrop", _shooting("fatrop"), "casadi", "", "fatrop"),
    "ipopt": PeerKind("multiple shooting, IPOPT", _shooting("ipopt"), "casadi", "", "ipopt"),
    "mppi": PeerKind("pytorch-mppi, CPU", _mppi, "pytorch-mppi", "pytorch_mppi"),
    "dwa": PeerKind("dynamic window, numpy", _dynamic_window),
    "pure_pursuit": PeerKind("an arc to a point ahead on the path", _pure_pursuit),
}
LEAVES_PATH = tuple(name for name in PEERS if name != "pure_pursuit")
"""Peers that find their way without a planner."""


def variant_of(name: str) -> str:
    """Return the variant of our own controller that a name means; the default one for a peer."""
    return name if name in VARIANTS else "mme_ilqr"
