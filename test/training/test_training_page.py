"""The programs of docs/training.md run, in their order, as one."""

import re
from pathlib import Path

import pytest

pytest.importorskip("torch")

PAGE = Path(__file__).resolve().parents[2] / "docs" / "training.md"


def test_the_programs_of_the_page_run(capsys):
    blocks = re.findall(r"^```python\n(.*?)^```", PAGE.read_text(), re.MULTILINE | re.DOTALL)
    assert len(blocks) == 2
    names = {}
    for block in blocks:
        exec(compile(block, str(PAGE), "exec"), names)
    assert float(capsys.readouterr().out) > 60.0  # percent, printed by the first
    assert names["again"].best_score["success %"] > names["again"].untrained["success %"]
