"""spin, backup, drive_on_heading and wait, as nav2's behavior server: manoeuvres without a goal.

Each is checked as driving is, is bounded in time, and ends at rest. One runs at a time: a newer one
takes its place, and so does a goal; while a goal is pursued there is none.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from nav2_msgs.action import BackUp, DriveOnHeading, Spin, Wait

from mme_ilqr_ros.control import manoeuvres
from mme_ilqr_ros.control.manoeuvres import Manoeuvre, ManoeuvreEnd
from mme_ilqr_ros.nodes.conversions import seconds_of
from mme_ilqr_ros.nodes.error_codes import NONE
from mme_ilqr_ros.nodes.nav2.actions import ABORTED, CANCELED, SUCCEEDED, GoalServer
from mme_ilqr_ros.nodes.nav2.results import duration, own_code, set_if_there
from mme_ilqr_ros.nodes.recovery import NodeRecovery

if TYPE_CHECKING:
    from mme_ilqr_ros.nodes.controller_node import ControllerNode

PERIOD = 0.1  # s between two feedbacks
SPIN_SHARE = 0.5  # of wz_max
LOST = 2.0  # s beyond its time, after which a manoeuvre that gets no odometry has ended
CODES: Mapping[ManoeuvreEnd, str] = {
    ManoeuvreEnd.BLOCKED: "COLLISION_AHEAD",
    ManoeuvreEnd.TIMED_OUT: "TIMEOUT",
    ManoeuvreEnd.IMPOSSIBLE: "INVALID_INPUT",
}


class RequestError(ValueError):
    """A request that cannot be done; the message says why."""


@dataclass
class _Running:
    """A manoeuvre of an action.

    Attributes:
        server: Of the action.
        manoeuvre: What is driven.
        begun: ROS time [s].
    """

    server: GoalServer
    manoeuvre: Manoeuvre
    begun: float


class Behaviors:
    """The four actions."""

    def __init__(self, node: ControllerNode, recovery: NodeRecovery) -> None:
        """Serve them.

        Args:
            node: The controller.
            recovery: Drives what is asked for.
        """
        self._node, self._recovery = node, recovery
        self._running: _Running | None = None
        makers: tuple[tuple[str, Any, Callable[[Any], Manoeuvre]], ...] = (
            ("spin", Spin, self._spin),
            ("backup", BackUp, self._back_up),
            ("drive_on_heading", DriveOnHeading, self._drive),
            ("wait", Wait, _wait),
        )
        self._servers = [self._serve(*maker) for maker in makers]
        self._timer = node.create_timer(PERIOD, self._tell)

    def abort(self) -> None:
        """End the manoeuvre that runs; the robot brakes."""
        self._stop("the node ends")
        self._finish()

    def close(self) -> None:
        """Serve no more."""
        self._timer.cancel()
        for server in self._servers:
            server.close()

    def _serve(self, name: str, kind: Any, make: Callable[[Any], Manoeuvre]) -> GoalServer:
        def begin(request: Any) -> None:
            self._stop("another manoeuvre takes its place")
            self._finish()
            fault = self._recovery.fault
            try:
                manoeuvre = make(request)
            except RequestError as error:
                self._refuse(server, "INVALID_INPUT", f"{name}: {error}")
                return
            if fault:
                code = "TF_ERROR" if fault.startswith("no odometry") else "UNKNOWN"
                self._refuse(server, code, f"{name}: {fault}")
                return
            self._running = _Running(server, manoeuvre, self._node.now())
            self._recovery.begin(manoeuvre)

        server = GoalServer(self._node, kind, name, begin, lambda: self._stop("cancelled"))
        return server

    def _refuse(self, server: GoalServer, code: str, text: str) -> None:
        self._node.warnings.warn_each(text)
        server.end(ABORTED, self._result(server.kind, code, text, 0.0))

    def _spin(self, request: Any) -> Manoeuvre:
        speed = SPIN_SHARE * self._node.settings.wz_max
        angle = _finite("the angle", request.target_yaw)
        return manoeuvres.Turn(angle, speed, _allowance(request))

    def _back_up(self, request: Any) -> Manoeuvre:
        distance, speed = _straight(request)
        return manoeuvres.DriveStraight(-abs(distance), abs(speed), _allowance(request))

    def _drive(self, request: Any) -> Manoeuvre:
        distance, speed = _straight(request)
        if distance * speed < 0.0:
            raise RequestError("speed and target.x must have the same sign")
        return manoeuvres.DriveStraight(distance, abs(speed), _allowance(request))

    def _stop(self, reason: str) -> None:
        if self._running is not None:
            self._running.manoeuvre.stop(ManoeuvreEnd.STOPPED, reason)

    def _tell(self) -> None:
        """Send feedback; end what is over."""
        running = self._running
        if running is None:
            return
        manoeuvre, elapsed = running.manoeuvre, self._node.now() - running.begun
        is_lost = elapsed > manoeuvre.allowance + LOST or elapsed < 0.0
        if is_lost:
            manoeuvre.stop(ManoeuvreEnd.TIMED_OUT, f"not done after {elapsed:.1f} s")
        if is_lost or manoeuvre.is_over or self._recovery.manoeuvre is not manoeuvre:
            self._finish()
            return
        running.server.tell(
            set_if_there(
                running.server.kind.Feedback(),
                angular_distance_traveled=float(manoeuvre.travelled),
                distance_traveled=float(manoeuvre.travelled),
                time_left=duration(manoeuvre.allowance - manoeuvre.elapsed),
            )
        )

    def _finish(self) -> None:
        running, self._running = self._running, None
        if running is None:
            return
        manoeuvre, kind = running.manoeuvre, running.server.kind
        elapsed = self._node.now() - running.begun
        if manoeuvre.end is ManoeuvreEnd.DONE:
            running.server.end(SUCCEEDED, self._result(kind, "", "", elapsed))
            return
        code = CODES.get(manoeuvre.end or ManoeuvreEnd.STOPPED, "UNKNOWN")
        if "no transform" in manoeuvre.reason:
            code = "TF_ERROR"
        status = CANCELED if running.server.is_cancelled else ABORTED
        running.server.end(status, self._result(kind, code, manoeuvre.reason, elapsed))

    def _result(self, kind: Any, code: str, text: str, elapsed: float) -> Any:
        """Return a result; a code that the action has not is its UNKNOWN, on Humble there is none.

        Args:
            kind: Type of the action.
            code: Name of the error code; empty for none.
            text: Why, for people.
            elapsed: Time it took [s].
        """
        unknown = own_code(kind, "UNKNOWN", NONE)
        number = own_code(kind, code, unknown) if code else NONE
        fields = {"error_code": number, "error_msg": text}
        return set_if_there(kind.Result(), total_elapsed_time=duration(elapsed), **fields)


def _finite(name: str, value: float) -> float:
    if not math.isfinite(value):
        raise RequestError(f"{name} is not finite")
    return float(value)


def _straight(request: Any) -> tuple[float, float]:
    """Return distance [m] and speed [m/s] of a request.

    Raises:
        RequestError: They cannot be driven.
    """
    distance, speed = _finite("target.x", request.target.x), _finite("speed", request.speed)
    if request.target.y != 0.0 or request.target.z != 0.0:
        raise RequestError("target.y and target.z must be 0: it drives ahead or back only")
    if speed == 0.0:
        raise RequestError("speed is 0")
    return distance, speed


def _allowance(request: Any) -> float | None:
    """Return the time that a request allows [s]; None where it says none."""
    allowance = seconds_of(request.time_allowance)
    return allowance if allowance > 0.0 else None


def _wait(request: Any) -> Manoeuvre:
    return manoeuvres.Wait(seconds_of(request.time))
