"""The picture of what was commanded across a SIGSTOP."""

from __future__ import annotations

from pathlib import Path

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from studies.stop_times.rig import Rig, Sent

BEFORE, AFTER = 1.0, 1.2  # s shown round it
LIMIT = 0.3  # s


def draw(rig: Rig, begin: float, path: Path) -> None:
    """Write the commands round a time as PNG."""
    figure = Figure(figsize=(8.0, 3.2), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots()
    axes.axvspan(0.0, LIMIT, color="#f3e3c3", label=f"{LIMIT:g} s")
    axes.axvline(0.0, color="#b03a2e", lw=1.2, label="SIGSTOP of the controller")
    shown: list[tuple[str, list[Sent], str, str]] = [
        ("cmd_vel_unchecked: the controller", rig.before, "#7f8c8d", "o"),
        ("cmd_vel: behind the safety node", rig.after, "#1f618d", "."),
    ]
    for label, commands, colour, mark in shown:
        near = [sent for sent in commands if -BEFORE <= sent.time - begin <= AFTER]
        times, speeds = [sent.time - begin for sent in near], [sent.vx for sent in near]
        axes.plot(times, speeds, mark, color=colour, label=label, ms=7 if mark == "o" else 6)
    near = [(time - begin, speed) for time, speed in rig.speeds if -BEFORE <= time - begin <= AFTER]
    axes.plot(*zip(*near, strict=True), color="#229954", lw=1.2, label="speed of the robot")
    axes.set_xlabel("time [s]")
    axes.set_ylabel("forward speed [m/s]")
    axes.set_xlim(-BEFORE, AFTER)
    axes.legend(loc="upper right", fontsize=8)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    figure.savefig(path, dpi=110)
