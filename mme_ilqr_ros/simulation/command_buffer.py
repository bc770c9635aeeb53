"""The way of a command to the wheels: a delay, and a timeout."""

from __future__ import annotations

from collections import deque


class CommandBuffer:
    """Delays velocity commands and drops to zero when no new one comes."""

    def __init__(self, delay: float, timeout: float) -> None:
        """Make an empty buffer.

        Args:
            delay: Time in s from a command to its effect.
            timeout: Time in s without a new command after which the command is zero; 0 for
                never.
        """
        self.delay = delay
        self.timeout = timeout
        self._waiting: deque[tuple[float, float, float]] = deque()
        self._last = (-float("inf"), 0.0, 0.0)

    def put(self, now: float, vx: float, wz: float) -> None:
        """Take a command in m/s and rad/s at time `now` in s; times must not go back."""
        self._waiting.append((now + self.delay, vx, wz))

    def at(self, now: float) -> tuple[float, float]:
        """Return the command (vx, wz) that reaches the wheels at time `now` in s."""
        # Stamps are sums of steps: the slack keeps a rounding error from costing a whole step.
        while self._waiting and self._waiting[0][0] <= now + 1e-9:
            self._last = self._waiting.popleft()
        came, vx, wz = self._last
        if self.timeout > 0.0 and now - came > self.timeout + 1e-9:
            return 0.0, 0.0
        return vx, wz

    def clear(self) -> None:
        """Forget every command."""
        self._waiting.clear()
        self._last = (-float("inf"), 0.0, 0.0)
