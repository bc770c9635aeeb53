"""Nodes with the states of a lifecycle: configured, activated, deactivated and cleaned up again.

By default such a node starts itself; with autostart_node: false it waits for the transitions that
a lifecycle manager, or `ros2 lifecycle set`, asks for.
"""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable
from contextlib import ExitStack
from typing import TypeVar

from rclpy.duration import Duration
from rclpy.lifecycle import LifecycleNodeMixin, LifecycleState, TransitionCallbackReturn

from mme_ilqr_ros.nodes.bond import ManagerBond
from mme_ilqr_ros.nodes.entities import Entities
from mme_ilqr_ros.nodes.node import RunnableNode, one_line
from mme_ilqr_ros.parameters.shared import ManagedSettings

M = TypeVar("M", bound=ManagedSettings)
SUCCESS, FAILURE = TransitionCallbackReturn.SUCCESS, TransitionCallbackReturn.FAILURE
ERROR = TransitionCallbackReturn.ERROR
LAST_WORDS = 0.3  # s for what was published last to be acknowledged


class ManagedNode(RunnableNode[M], LifecycleNodeMixin):
    """A node that acts while it is active; a subclass has `set_up`, `start` and `stop`.

    Publishers are not muted by the state: diagnostics and the end of a goal are told in any.

    Attributes:
        made: What `set_up` makes beside topics, services and timers registers its end here.
    """

    def _begin(self) -> None:
        self.made = ExitStack()
        self._entities = Entities()
        self._bond: ManagerBond | None = None
        self._is_set_up = False
        self._error: Exception | None = None
        LifecycleNodeMixin.__init__(self)
        self._starts_itself = self.settings.autostart_node
        if self._starts_itself:
            self._start_itself()
            self._starts_itself = False

    def _start_itself(self) -> None:
        for trigger in (self.trigger_configure, self.trigger_activate):
            if trigger() != SUCCESS:
                raise self._error or RuntimeError("the node could not start itself")

    def start(self) -> None:
        """Act from now on."""

    def stop(self) -> None:
        """Act no more: end what goes on, and leave the robot standing."""

    def leave(self) -> None:
        """Stop and give back what was made."""
        _, label = self._state_machine.current_state
        if label != "finalized":
            self.trigger_shutdown()

    def destroy_node(self) -> None:
        """Give back what was made, then the node; unlike `leave` without a last word."""
        self._release()
        # It would keep the node in the graph and at /rosout, until it is collected as garbage.
        self._state_machine.destroy_when_not_in_use()
        super().destroy_node()

    def on_configure(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Get ready; where that fails the node is as it was before."""
        return self._try(self._configure, FAILURE, self._release)

    def on_activate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Begin to act."""
        return self._try(self._activate, FAILURE, self._deactivate)

    def on_deactivate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Stop the robot and act no more."""
        return self._try(self._deactivate, ERROR)

    def on_cleanup(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Give back all that was made to get ready."""
        return self._try(self._release, ERROR)

    def on_shutdown(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Stop the robot and give back all that was made."""
        return self._try(self._end, ERROR)

    def on_error(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Give back all that was made; then the node can be configured anew."""
        return self._try(self._release, FAILURE)

    def _hand_on(self, settings: M) -> None:
        if self._is_set_up:  # else the next configure reads them
            self.settings_changed(settings)

    def _configure(self) -> None:
        before = Entities.of(self)
        try:
            self.set_up(self.settings)
        finally:
            self._entities = Entities.of(self).without(before)
        self._is_set_up = True

    def _activate(self) -> None:
        self.is_active = True
        self.start()
        self._bond = ManagerBond.of(self, self.settings.bond_heartbeat_period)

    def _deactivate(self) -> None:
        if not self.is_active:
            return
        self.is_active = False
        self.stop()
        self._wait_until_heard()
        self._break_bond()

    def _wait_until_heard(self) -> None:
        """Let the last words arrive, the stop command above all."""
        deadline = time.monotonic() + LAST_WORDS
        for publisher in self.publishers:
            left = Duration(seconds=max(deadline - time.monotonic(), 0.0))
            if hasattr(publisher, "wait_for_all_acked"):  # not in the rclpy of Humble
                publisher.wait_for_all_acked(left)

    def _break_bond(self) -> None:
        if self._bond is not None:
            self._bond.close()
            self._bond = None

    def _end(self) -> None:
        self._deactivate()
        self._release()

    def _release(self) -> None:
        self.is_active = self._is_set_up = False
        self._break_bond()
        self.made.close()
        self._entities.destroy(self)
        self._entities = Entities()

    def _try(
        self,
        step: Callable[[], None],
        otherwise: TransitionCallbackReturn,
        undo: Callable[[], None] = lambda: None,
    ) -> TransitionCallbackReturn:
        """Do a step; say what went wrong, which rclpy keeps to itself."""
        try:
            step()
        except Exception as error:
            undo()
            self._error = error
            if not self._starts_itself:  # else it is raised
                is_refusal = isinstance(error, self.REFUSALS)
                text = one_line(error) if is_refusal else traceback.format_exc()
                self.get_logger().error(text)
            return otherwise
        return SUCCESS
