"""The files of a referee's runs: results.csv, a row each, and summary.json with the totals."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Sequence
from pathlib import Path

from mme_ilqr_ros.reporting.rows import facts, write_csv, write_json
from studies.referee.run import Run, totals


def write_results(command: str, referee: str, runs: Sequence[Run], folder: Path) -> None:
    """Write results.csv and summary.json.

    Args:
        command: As typed.
        referee: Name on PyPI of the simulator, whose version is noted.
        runs: To write.
        folder: Where.
    """
    rows = [run.row() for run in runs]
    write_csv(rows, folder / "results.csv")
    version = importlib.metadata.version(referee)
    content = {**facts(command), "referee": f"{referee} {version}"}
    write_json({**content, "runs": rows, "totals": totals(runs)}, folder / "summary.json")
