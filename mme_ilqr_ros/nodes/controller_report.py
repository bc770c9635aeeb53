"""What the controller tells people: warnings, diagnostics, solve times, pictures of its plans."""

from __future__ import annotations

import math

from diagnostic_msgs.msg import DiagnosticArray
from nav_msgs.msg import Path as PathMessage
from std_msgs.msg import Float32
from visualization_msgs.msg import MarkerArray

from mme_ilqr_ros.control.own_units import doubts, summary
from mme_ilqr_ros.control.result import ControlResult, ControlStatus
from mme_ilqr_ros.nodes.controller_inputs import ControllerInputs, Snapshot
from mme_ilqr_ros.nodes.conversions import path_message
from mme_ilqr_ros.nodes.diagnostics import OK, WARN, SolveTimes, diagnostic_message
from mme_ilqr_ros.nodes.markers import mode_markers
from mme_ilqr_ros.nodes.node import STANDARD, RunnableNode
from mme_ilqr_ros.parameters.controller import ControllerNodeSettings

FINE = (
    *(ControlStatus.DRIVING, ControlStatus.GOAL_REACHED, ControlStatus.NO_GOAL),
    ControlStatus.MANOEUVRE,
)
FIELD_PATIENCE = 2.0  # s after a plan, for its cost-to-go


class ControllerReport:
    """Keeps the figures of the cycles since the last goal came, and publishes them."""

    def __init__(
        self, node: RunnableNode[ControllerNodeSettings], inputs: ControllerInputs
    ) -> None:
        """Make the publishers.

        Args:
            node: The controller.
            inputs: Whose ages are told.
        """
        self._node, self._inputs, self._warnings = node, inputs, node.warnings
        self._status, self._is_fine = "inactive", True
        self._result: ControlResult | None = None
        self._times = SolveTimes()
        self.restart()
        self._local_plan = node.create_publisher(PathMessage, "local_plan", STANDARD)
        self._modes = node.create_publisher(MarkerArray, "~/candidate_trajectories", STANDARD)
        self._solve_time = node.create_publisher(Float32, "~/solve_time", STANDARD)
        self._diagnostics = node.create_publisher(DiagnosticArray, "diagnostics", STANDARD)

    def say_derived(self, settings: ControllerNodeSettings) -> None:
        """Log what follows from the robot, and what makes no sense beside it."""
        self._warnings.info_once(summary(settings))
        for doubt in doubts(settings):
            self._warnings.warn_each(doubt)

    def restart(self) -> None:
        """Count anew."""
        self._times.restart()
        self._mode_switches = 0
        self._gated = 0  # commands that the last gate changed

    def rest(self, status: str) -> None:
        """Note that there is nothing to do."""
        self._status, self._is_fine = status, True

    def halt(self, reason: str) -> None:
        """Say that the robot is stopped because a cycle cannot be run."""
        self._warnings.warn("halt", f"{reason}; zero command")
        self._status, self._is_fine = reason, False

    def note(self, result: ControlResult, snapshot: Snapshot, seconds: float) -> None:
        """Keep the figures of a cycle that took some time [s], and say what is wrong."""
        self._warnings.clear("halt")
        self._result = result
        self._status = snapshot.missing or result.message
        self._is_fine = not snapshot.missing and result.status in FINE
        self._say_what_is_wrong(result, snapshot)
        self._gated += result.gated
        if result.modes is not None:
            self._mode_switches += bool(result.modes.switched)
        self._times.add(seconds, 1.0 / self._node.settings.controller_frequency)
        if self._solve_time.get_subscription_count():
            self._solve_time.publish(Float32(data=float(seconds)))
        self._draw(result, snapshot.frame)

    def _say_what_is_wrong(self, result: ControlResult, snapshot: Snapshot) -> None:
        if snapshot.missing:
            self._warnings.warn("missing", f"{snapshot.missing}; the robot brakes")
        else:
            self._warnings.clear("missing")
        # A field is a larger message than the plan that it belongs to, and may come after it.
        if snapshot.unguided and self._inputs.ages().get("plan", 0.0) > FIELD_PATIENCE:
            self._warnings.warn("cost_to_go", f"{snapshot.unguided}; following the plan")
        elif not snapshot.unguided:
            self._warnings.clear("cost_to_go")
        if result.status not in FINE or result.gated:
            self._warnings.warn_each(result.message)

    def _draw(self, result: ControlResult, frame: str) -> None:
        """Publish the chosen trajectory and, for whom they interest, all of them."""
        stamp = self._node.stamp()
        if self._local_plan.get_subscription_count():
            plan = path_message(result.plan[:, :2], result.plan[:, 2], stamp, frame)
            self._local_plan.publish(plan)
        if result.modes is not None and self._modes.get_subscription_count():
            self._modes.publish(mode_markers(result.modes, stamp, frame))

    def publish(self, goal: str, recoveries: int, seen: dict[str, object]) -> None:
        """Publish the diagnostics.

        Args:
            goal: Its status, in words.
            recoveries: How many there were.
            seen: Figures of perception.
        """
        result = self._result
        values: dict[str, object] = {
            "goal": goal,
            **self._times.values(),
            "missed deadlines": self._times.missed,
            "mode switches": self._mode_switches,
            "changed by the last gate": self._gated,
            "recoveries": recoveries,
            **{f"age of {name} [s]": age for name, age in self._inputs.ages().items()},
            **seen,
        }
        if result is not None and result.modes is not None:
            values |= {
                "modes": len(result.modes.weights),
                "feasible modes": int(result.modes.feasible.sum()),
                "chosen mode": result.modes.chosen,
                "goal distance [m]": result.goal_distance,
                "speed [m/s]": math.hypot(result.vx, result.vy),
            }
        level = OK if self._is_fine else WARN
        self._diagnostics.publish(diagnostic_message(self._node, level, self._status, values))
