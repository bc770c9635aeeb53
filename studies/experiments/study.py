"""What a study is, and how it runs: case by case, and never the same case twice.

A case is finished when its result lies in DIR/runs; a study that was stopped continues with
the others. Results of a case whose facts have changed are measured again.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from mme_ilqr_ros.progress_bar import ProgressBar
from mme_ilqr_ros.reporting.rows import facts, write_csv, write_json
from mme_ilqr_ros.reporting.rows import grouped as group_by
from mme_ilqr_ros.training.recorder import write_whole

PRESETS = ("smallest", "quick", "paper")

Row = dict[str, Any]
"""Numbers and words by name; what JSON can hold."""


@dataclass(frozen=True)
class Case:
    """One entry of a study's table of runs.

    Attributes:
        name: Of its files.
        facts: Everything its result depends on, in what JSON can hold.
    """

    name: str
    facts: Mapping[str, Any]


@dataclass(frozen=True)
class Study:
    """A table of runs, and what is made of their results.

    Attributes:
        about: What it shows, in a line.
        cases: Takes preset and device, returns the runs.
        measure: Takes a case and a folder for its files, returns its rows.
        table: Takes the rows of all cases, returns Markdown.
        draw: Takes the rows of all cases and the path of a picture.
    """

    about: str
    cases: Callable[[str, str], Sequence[Case]]
    measure: Callable[[Case, Path], list[Row]]
    table: Callable[[Sequence[Row]], str]
    draw: Callable[[Sequence[Row], Path], None]


def run_study(name: str, study: Study, *, preset: str, device: str, out: Path, command: str) -> str:
    """Run the cases that are not finished; write results.csv, summary.json and NAME.png.

    Returns:
        The table, and where the files are.
    """
    cases = study.cases(preset, device)
    rows: list[Row] = []
    seconds = 0.0
    with ProgressBar(len(cases)) as progress:
        for case in cases:
            result = _finished(case, out) or _measured(study, case, out)
            rows += result["rows"]
            seconds += result["seconds"]
            progress.step(f"{case.name}: {result['seconds']:.1f} s")
    content = {
        **facts(command),
        "preset": preset,
        "torch": torch_facts(),
        "seconds": round(seconds, 1),
        "rows": rows,
    }
    write_csv(rows, out / "results.csv")
    write_json(content, out / "summary.json")
    write_whole(out / f"{name}.png", lambda path: study.draw(rows, path))
    files = f"{out}: results.csv, summary.json, {name}.png"
    return f"{study.table(rows)}\n\nwrote {files}; {seconds:.0f} s in {len(cases)} runs"


def torch_facts() -> str:
    """Return the version of torch, and the GPU if there is one."""
    gpu = f", {torch.cuda.get_device_name()}" if torch.cuda.is_available() else ""
    return f"{torch.__version__}{gpu}"


def file_name(words: str) -> str:
    """Return words, of which some may be separated by commas, as the name of a file."""
    return words.replace(", ", "_").replace(" ", "_")


def mean_and_spread(values: Sequence[float]) -> tuple[float, float]:
    """Return mean and standard deviation over seeds; the latter is 0 for one seed."""
    spread = float(np.std(values, ddof=1)) if len(values) > 1 else 0.0
    return float(np.mean(values)), spread


def grouped(rows: Sequence[Row], *names: str) -> dict[tuple, list[Row]]:
    """Return rows by their values of some columns, in the order in which these first occur."""
    return group_by(rows, lambda row: tuple(row[name] for name in names))


def _measured(study: Study, case: Case, out: Path) -> dict[str, Any]:
    begun = time.perf_counter()
    rows = study.measure(case, out / "runs" / case.name)
    seconds = round(time.perf_counter() - begun, 2)
    result = {"facts": dict(case.facts), "rows": rows, "seconds": seconds}
    _result_path(case, out).parent.mkdir(parents=True, exist_ok=True)
    write_json(result, _result_path(case, out))
    return result


def _finished(case: Case, out: Path) -> dict[str, Any] | None:
    try:
        result = json.loads(_result_path(case, out).read_text(encoding="utf-8"))
    except (FileNotFoundError, json.JSONDecodeError):
        return None
    return result if result["facts"] == dict(case.facts) else None


def _result_path(case: Case, out: Path) -> Path:
    return out / "runs" / f"{case.name}.json"
