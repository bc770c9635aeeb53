"""The draft of the paper: what it cites exists, and its figures are the kept results."""

import re
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[1]
_, HEAD, BODY = (ROOT / "paper" / "paper.md").read_text().split("---\n", 2)
BIBLIOGRAPHY = (ROOT / "paper" / "paper.bib").read_text()


def test_its_head_has_what_the_journal_asks_for():
    head = yaml.safe_load(HEAD)
    assert {"title", "tags", "authors", "affiliations", "date", "bibliography"} <= head.keys()
    assert (ROOT / "paper" / head["bibliography"]).is_file()


def test_it_has_the_length_and_the_parts_that_the_journal_asks_for():
    read = re.sub(r"<!--.*?-->", "", BODY)
    assert 750 <= len(read.split()) <= 1000
    assert {"Summary", "Statement of need", "State of the field", "Limits", "References"} <= set(
        re.findall(r"^# (.*)$", BODY, re.M)
    )


def test_what_is_cited_is_in_the_bibliography_and_the_other_way_round():
    cited = set(re.findall(r"@(\w+)", BODY))
    assert cited == set(re.findall(r"^@\w+\{(\w+),", BIBLIOGRAPHY, re.M))


def test_every_measured_figure_is_one_of_the_kept_results():
    """`python -m studies tables --write` writes them; test_docs.py looks whether it was run."""
    (measured,) = re.findall(r"^# What was measured\n(.*?)^# ", BODY, re.M | re.S)
    kept = re.compile(r"<!-- =[^>]+ -->.*?<!-- = -->", re.S)
    assert len(kept.findall(measured)) >= 12
    assert re.findall(r"\d+(?:\.\d+)? (?:%|ms|s\b|runs)", kept.sub("", measured)) == []
