"""What the nodes have in common: quality of service, parameters, warnings."""

from __future__ import annotations

from typing import Any, ClassVar, Generic, TypeVar

from builtin_interfaces.msg import Time
from rclpy.context import Context
from rclpy.node import Node
from rclpy.parameter import Parameter
from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy

from mme_ilqr_ros.errors import InputError
from mme_ilqr_ros.nodes.diagnostics import ThrottledWarnings
from mme_ilqr_ros.nodes.parameters import NodeParameters

S = TypeVar("S")

# Quality of service, with nav2's names. Commands, goals, paths: all must arrive.
STANDARD = QoSProfile(depth=10)
# Maps and plans: one value that a late subscriber still gets.
LATCHED = QoSProfile(
    depth=1,
    reliability=ReliabilityPolicy.RELIABLE,
    durability=DurabilityPolicy.TRANSIENT_LOCAL,
)
# The news of a latched topic that has more than one publisher: none displaces another's.
LATCHED_NEWS = QoSProfile(
    depth=10,
    reliability=ReliabilityPolicy.RELIABLE,
    durability=DurabilityPolicy.TRANSIENT_LOCAL,
)
# Streams of which only the newest counts; a best-effort subscriber takes every publisher.
SENSOR = QoSProfile(depth=10, reliability=ReliabilityPolicy.BEST_EFFORT)
# Of scans none waits behind another: on a busy machine ten of them are half a second.
NEWEST = QoSProfile(depth=1, reliability=ReliabilityPolicy.BEST_EFFORT)


class RunnableNode(Node, Generic[S]):
    """A node with its parameters as one settings object; a subclass gets ready in `set_up`.

    It acts from its construction to its end; one with the states of a lifecycle is a `ManagedNode`.

    Attributes:
        NAME: Name of the node.
        SETTINGS: Settings class that declares its parameters.
        REFUSALS: Exceptions of `set_up` that mean unusable input, told in one line.
        exit_status: None while it runs; a node that is done sets it, others end by signal only.
        is_active: Whether it may act.
        warnings: Throttled, for the log.
    """

    NAME: ClassVar[str]
    SETTINGS: ClassVar[type]
    REFUSALS: ClassVar[tuple[type[Exception], ...]] = (InputError,)
    exit_status: int | None = None
    is_active = False

    def __init__(
        self,
        *,
        context: Context | None = None,
        parameter_overrides: list[Parameter] | None = None,
    ) -> None:
        """Declare the parameters and get ready.

        Raises:
            InputError: A parameter is out of range, or names something that cannot be used.
        """
        super().__init__(self.NAME, context=context, parameter_overrides=parameter_overrides)
        self.warnings = ThrottledWarnings(self.get_logger())
        self._declared = NodeParameters(
            self, self.settings_class(), self._hand_on, self.check_settings
        )
        self._begin()

    def _begin(self) -> None:
        self.set_up(self.settings)
        self.is_active = True

    def _hand_on(self, settings: S) -> None:
        self.settings_changed(settings)

    def settings_class(self) -> type[Any]:
        """Return the class of the settings, when start-up parameters decide on it."""
        return self.SETTINGS

    def set_up(self, settings: S) -> None:
        """Get ready and connect to topics."""
        raise NotImplementedError

    def check_settings(self, settings: S) -> None:
        """Refuse a change to settings that cannot be used together.

        Raises:
            InputError: They cannot.
        """

    def settings_changed(self, settings: S) -> None:
        """Take over settings that were changed at run time."""

    @property
    def settings(self) -> S:
        """The parameters in force."""
        return self._declared.settings

    def stamp(self) -> Time:
        """Return ROS time, for a header."""
        return self.get_clock().now().to_msg()

    def now(self) -> float:
        """Return ROS time in s."""
        return 1e-9 * self.get_clock().now().nanoseconds

    def silence(self) -> None:
        """Stop what moves, at once; called from another thread, while callbacks may be running."""

    def stop(self) -> None:
        """Do what is left to do, e.g. publish a zero command; the context is still up."""

    def leave(self) -> None:
        """Stop before the end of the process."""
        self.stop()


def one_line(error: Exception) -> str:
    """Return what an error says, in one line for the log."""
    return " ".join(str(error).split())
