"""Tables and figures of pages are made of kept results."""

import json

import pytest

from mme_ilqr_ros.errors import InputError
from studies.kept import Kept, filled, read_kept

RUNS = Kept(
    command="make sim",
    columns={"world": "`{key}`", "time": "{time[0]:.1f} s, {time[1]:.1f} s"},
    rows=[{"key": "trap", "time": [8.04, 8.2]}, {"key": "depot", "time": [20.0, 20.16]}],
    seeds="seed 0",
    total={"runs": 20},
)
PAGE = "before\n<!-- runs: begin -->\nold\n<!-- runs: end -->\nafter\n"


def test_a_block_becomes_the_table_and_where_it_comes_from():
    lines = filled(PAGE, {"runs": RUNS}).splitlines()
    assert lines[0] == "before"
    assert lines[-1] == "after"
    assert "| `depot` | 20.0 s, 20.2 s |" in lines
    assert "`make sim`; seed 0." in lines
    assert "old" not in lines


def test_writing_again_changes_nothing():
    once = filled(PAGE, {"runs": RUNS})
    assert filled(once, {"runs": RUNS}) == once


def test_a_figure_in_a_sentence_and_one_in_another_table():
    text = "takes <!-- =runs[trap][time][0]:.1f -->9<!-- = --> s"
    assert filled(text, {"runs": RUNS}).replace("-->", "<!--").split("<!--")[2] == "8.0"
    claims = Kept("", {"claim": "{what}"}, [{"what": "{runs[total][runs]} runs"}])
    page = "<!-- claims: begin -->\n<!-- claims: end -->"
    assert "| 20 runs |" in filled(page, {"runs": RUNS, "claims": claims})


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("<!-- walks: begin -->\n<!-- walks: end -->", "there is no docs/results/walks.json"),
        ("<!-- =runs[maze][time] -->1<!-- = -->", "no such figure"),
        ("<!-- =runs[trap][length]:.1f -->1<!-- = -->", "no such figure"),
    ],
)
def test_what_there_is_not_is_named(text, words):
    with pytest.raises(InputError, match=words):
        filled(text, {"runs": RUNS})


@pytest.mark.parametrize("content", ["{", json.dumps({"rows": []}), json.dumps({"typo": 1})])
def test_a_file_of_another_kind_is_named(tmp_path, content):
    (tmp_path / "broken.json").write_text(content)
    with pytest.raises(InputError, match=r"broken\.json"):
        read_kept(tmp_path)
