"""The card beside a weight file: how it was made and how good it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from mme_ilqr_ros.training.evaluate import Score
from mme_ilqr_ros.training.loop import TrainSettings


@dataclass(frozen=True)
class Facts:
    """How a weight file came to be.

    Attributes:
        command: Command line that makes it again.
        data: What it was trained on.
        settings: Of the training.
        digest: SHA-256 of the file.
        seconds: CPU time of the training, validation included [s].
    """

    command: str
    data: str
    settings: TrainSettings
    digest: str
    seconds: float


def write_card(weights: Path, facts: Facts, scores: Mapping[str, Score]) -> Path:
    """Write the card of a weight file beside it; return its path."""
    rows = [
        f"| {name} | {100 * s.success:.3f} | {100 * s.optimal:.3f} | {s.n_starts} |"
        for name, s in scores.items()
    ]
    text = f"""# {weights.name}

Cell cost of structured ID-VIN: blocked cells of a grid in, a cost per cell in [1, 1e5] out.

- Data: {facts.data}
- Command: `{facts.command}`
- Settings: `{facts.settings}`
- CPU time of the training, validation included: {facts.seconds:.1f} s on one core
- SHA-256: `{facts.digest}`

Rollouts of the best move from every cell that can reach the goal, four moves, walls not masked;
the maps of the size rows are generated anew from a seed of their own:

| mazes | success % | optimal % | starts |
|---|---|---|---|
{chr(10).join(rows)}
"""
    card = weights.with_suffix(".md")
    card.write_text(text, encoding="utf-8")
    return card
