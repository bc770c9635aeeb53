"""Recovery in the controller's node: freeing a stuck robot, and manoeuvres that others ask for."""

from __future__ import annotations

from mme_ilqr_ros.control.controller import LocalController
from mme_ilqr_ros.control.manoeuvres import Manoeuvre, ManoeuvreEnd
from mme_ilqr_ros.control.recovery import Recovery
from mme_ilqr_ros.control.result import ControlResult
from mme_ilqr_ros.nodes.controller_inputs import ControllerInputs, Snapshot
from mme_ilqr_ros.nodes.error_codes import FollowCode
from mme_ilqr_ros.nodes.goal_keeper import GoalKeeper
from mme_ilqr_ros.parameters.controller import ControllerNodeSettings


class NodeRecovery:
    """Makes the commands of the controller's node.

    Attributes:
        manoeuvre: That somebody asked for; None where nobody did.
    """

    def __init__(
        self,
        controller: LocalController,
        goal: GoalKeeper,
        inputs: ControllerInputs,
        settings: ControllerNodeSettings,
    ) -> None:
        """Begin.

        Args:
            controller: Drives the robot.
            goal: That it drives to.
            inputs: What it drives by; what scanners saw is forgotten by a robot that is stuck.
            settings: Of the node.
        """
        self.manoeuvre: Manoeuvre | None = None
        self._controller, self._goal, self._inputs = controller, goal, inputs
        self._recovery = Recovery(controller, settings.recovery, inputs.forget_seen)
        self._name: int | None = None
        goal.life.listeners.append(self._look)

    @property
    def is_busy(self) -> bool:
        """Whether a manoeuvre is driven that somebody asked for."""
        return self.manoeuvre is not None

    @property
    def count(self) -> int:
        """How often the robot has tried to free itself on its way to the goal."""
        return self._recovery.total

    @property
    def fault(self) -> str:
        """Why no manoeuvre can begin now; empty where one can."""
        if self._goal.life.is_active:
            return "a goal is pursued; cancel it first"
        if self._inputs.odometry_age > self._inputs.settings.odom_timeout:
            return "no odometry"
        return ""

    def use(self, settings: ControllerNodeSettings) -> None:
        """Use other settings."""
        self._recovery.settings = settings.recovery

    def stop(self, reason: str) -> None:
        """Drive no manoeuvre any more."""
        if self.manoeuvre is not None:
            self.manoeuvre.stop(ManoeuvreEnd.STOPPED, reason)
            self.manoeuvre = None

    def begin(self, manoeuvre: Manoeuvre) -> None:
        """Drive a manoeuvre in place of the one before; a goal ends it."""
        if self.manoeuvre is not None:
            self.manoeuvre.stop(ManoeuvreEnd.STOPPED, "another manoeuvre takes its place")
        self.manoeuvre = manoeuvre

    def compute_command(self, snapshot: Snapshot) -> ControlResult:
        """Run one control cycle."""
        if self.manoeuvre is None:
            return self._recovery.compute_command(snapshot.situation)
        manoeuvre = self.manoeuvre
        if snapshot.missing:
            manoeuvre.stop(ManoeuvreEnd.STOPPED, snapshot.missing)
        result = manoeuvre.step(self._controller, snapshot.situation)
        if manoeuvre.is_over:
            self.manoeuvre = None
        return result

    def judge(self, stands: bool) -> None:
        """Abort the goal where it is given up, once the robot stands."""
        if self._recovery.failure and stands:
            failure = self._recovery.failure
            self._goal.abort(failure, FollowCode.FAILED_TO_MAKE_PROGRESS)

    def _look(self) -> None:
        """Begin anew with a new goal, and when the one in force has ended."""
        life = self._goal.life
        if life.is_active and life.goal == self._name:
            return
        self._name = life.goal if life.is_active else None
        self._recovery.reset()
        if life.is_active and self.manoeuvre is not None:
            self.manoeuvre.stop(ManoeuvreEnd.STOPPED, "a goal came")
