"""What became of recordings: how much was used, what was left out and why."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class Tally:
    """What became of the recordings.

    Attributes:
        seconds: Recorded time; of tracks with times only.
        metres: Recorded length, as far as it was driven.
        used: Length of the drives [m].
        n_drives: Their number.
        lost: How often, how long [s] and how far [m] by reason.
        cuts: Number of cuts by reason.
    """

    seconds: float = 0.0
    metres: float = 0.0
    used: float = 0.0
    n_drives: int = 0
    lost: dict[str, tuple[int, float, float]] = field(default_factory=dict)
    cuts: dict[str, int] = field(default_factory=dict)

    def lose(self, reason: str, seconds: float, metres: float) -> None:
        """Count something that is left out."""
        n, s, m = self.lost.get(reason, (0, 0.0, 0.0))
        self.lost[reason] = n + 1, s + seconds, m + metres

    def cut(self, reason: str, count: int = 1) -> None:
        """Count cuts."""
        if count:
            self.cuts[reason] = self.cuts.get(reason, 0) + count

    def lines(self) -> list[str]:
        """Return what a person should know of it."""
        time = f"{_minutes(self.seconds)} and " if self.seconds else ""
        recorded = f"{time}{self.metres:.0f} m recorded"
        said = [f"used: {self.n_drives} drives, {self.used:.0f} m, of {recorded}"]
        if self.cuts:
            said.append(
                "cut at: " + ", ".join(f"{reason} ({n})" for reason, n in self.cuts.items())
            )
        for reason, (n, seconds, metres) in self.lost.items():
            parts = [_minutes(seconds)] if seconds >= 0.5 else []
            parts += [f"{metres:.1f} m"] if metres >= 0.05 else []
            said.append(f"left out: {reason}: {n} x" + (f", {', '.join(parts)}" if parts else ""))
        return said


def _minutes(seconds: float) -> str:
    return f"{seconds / 60.0:.1f} min" if seconds >= 90.0 else f"{seconds:.0f} s"
