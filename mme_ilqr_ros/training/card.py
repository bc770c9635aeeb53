"""The card beside a weight file: how it was made and how good it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from mme_ilqr_ros.training.checkpoint import write_whole
from mme_ilqr_ros.training.settings import TrainSettings


@dataclass(frozen=True)
class Facts:
    """How a weight file came to be.

    Attributes:
        command: Command line that makes it again.
        task: What the task says of itself: model, data.
        settings: Of the training.
        digest: SHA-256 of the file.
        seconds: CPU time of the training, validation included [s].
        best_step: Steps after which validation was best; these weights are in the file.
    """

    command: str
    task: Mapping[str, str]
    settings: TrainSettings
    digest: str
    seconds: float
    best_step: int


def write_card(weights: Path, facts: Facts, rows: Mapping[str, Mapping[str, float]]) -> Path:
    """Write the card of a weight file beside it; return its path.

    Args:
        weights: The file.
        facts: How it was made.
        rows: Scores by name of the data, each with the same columns.
    """
    columns = list(next(iter(rows.values())))
    lines = [f"- {name[0].upper()}{name[1:]}: {text}" for name, text in facts.task.items()]
    table = [["scores", *columns], ["---"] * (len(columns) + 1)]
    table += [[name, *(number(row[c]) for c in columns)] for name, row in rows.items()]
    text = f"""# {weights.name}

{chr(10).join(lines)}
- Command: `{facts.command}`
- Settings: `{facts.settings}`
- Weights of step {facts.best_step}, the best on validation
- CPU time of the training, validation included: {facts.seconds:.1f} s
- SHA-256: `{facts.digest}`

The row "validation" chose the step; the others are of data generated anew from seeds that no
training uses.

{chr(10).join(f"| {' | '.join(cells)} |" for cells in table)}
"""
    card = weights.with_suffix(".md")
    write_whole(card, lambda path: path.write_text(text, encoding="utf-8") and None)
    return card


def number(value: float) -> str:
    """Return a number for a table; never rounded up to a whole one."""
    return f"{value:.7g}"
