"""What the planner tells people: warnings, times and diagnostics."""

from __future__ import annotations

from diagnostic_msgs.msg import DiagnosticArray
from std_msgs.msg import Float32

from mme_ilqr_ros.nodes.diagnostics import OK, WARN, diagnostic_message
from mme_ilqr_ros.nodes.ground import Ground
from mme_ilqr_ros.nodes.node import STANDARD, RunnableNode
from mme_ilqr_ros.nodes.pursued_goal import PursuedGoal
from mme_ilqr_ros.parameters.planner import PlannerNodeSettings
from mme_ilqr_ros.planning.result import PlanResult


class PlannerReport:
    """Keeps the newest result.

    Attributes:
        last: It; None before the first one to the newest goal.
    """

    def __init__(
        self, node: RunnableNode[PlannerNodeSettings], ground: Ground, goal: PursuedGoal
    ) -> None:
        """Make the publishers."""
        self.last: PlanResult | None = None
        self._node, self._ground, self._goal = node, ground, goal
        self._n_fallbacks = 0
        self._plan_time = node.create_publisher(Float32, "~/plan_time", STANDARD)
        self._diagnostics = node.create_publisher(DiagnosticArray, "diagnostics", STANDARD)

    def took(self, seconds: float) -> None:
        """Publish the duration of a request [s]."""
        self._plan_time.publish(Float32(data=float(seconds)))

    def note(self, result: PlanResult) -> None:
        """Keep a result, and say what is wrong."""
        self.last = result
        if result.path is None:
            self._node.warnings.warn(f"plan {result.status}", f"no plan: {result.message}")
        if result.fallback_used:
            self._n_fallbacks += 1
            self._node.warnings.info_once(f"fallback: {result.message}")

    def publish(self) -> None:
        """Publish the diagnostics."""
        values: dict[str, object] = {
            "map": "yes" if self._ground.has_map else "no",
            "waits for": self._ground.lack or "nothing",
            "goal": self._goal.life.words,
        }
        level, text = OK, "no plan yet" if self._goal.is_wanted else "no goal yet"
        if not self._node.is_active:
            text = "inactive"
        elif lack := self._ground.lack:
            level, text = WARN, "waiting for a map" if lack == "map" else f"waiting for {lack}"
        elif self.last is not None:
            level, text = (WARN if self.last.path is None else OK), self.last.message
            values |= {
                "field time [ms]": 1e3 * self.last.field_time,
                "path time [ms]": 1e3 * self.last.path_time,
                "residual": self.last.residual,
                "fallbacks": self._n_fallbacks,
            }
        if self._node.settings.use_filter_mask:
            values["filter mask"] = self._ground.beside.mask.status
        for name, layer in self._ground.beside.layers.items():
            values[f"layer {name}"] = layer.status
        self._diagnostics.publish(diagnostic_message(self._node, level, text, values))
