"""What a scan costs."""

import json

from studies.__main__ import main


def test_a_row_for_every_world_and_number_of_rays(tmp_path, capsys):
    words = ["--beams", "60", "120", "--scans", "40", "--match", "--out", str(tmp_path)]
    assert main(["perception", *words]) == 0
    assert "| pillars 60 |" in capsys.readouterr().out
    rows = json.loads((tmp_path / "summary.json").read_text())["rows"]
    assert [row["world"] for row in rows] == [
        f"{name} {beams}" for name in ("pillars", "hall", "warehouse") for beams in (60, 120)
    ]
    for row in rows:
        parts = sum(row[name] for name in ("points", "match", "tracks", "integrate", "field"))
        assert 0.5 * parts < row["scan"] < 3.0 * parts + 1.0
        assert 0.0 < row["MB"] < 20.0
