"""The documentation site: every page is in its contents, it builds, and it needs no network."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[1]
DOCS = REPOSITORY / "docs"
LOADED = re.compile(r"<(?:script|link|img|iframe|source)\b[^>]*?\b(?:src|href)=\"([^\"]*)\"")


@pytest.fixture
def pages(monkeypatch):
    monkeypatch.syspath_prepend(str(DOCS))
    import pages

    return pages


def test_every_page_is_in_the_contents_once(pages):
    index = pages.with_contents((DOCS / "index.md").read_text(encoding="utf-8"))
    blocks = re.findall(r"```\{toctree\}\n:caption: ([^\n]*)(.*?)```", index, re.DOTALL)
    assert [caption for caption, _ in blocks][:3] == ["Start", "Tutorials", "Use"]
    listed = [entry for _, entries in blocks for entry in re.findall(r"<(.*)>", entries)]
    assert len(set(listed)) == len(listed)
    assert {path.name for path in DOCS.glob("*.md")} - set(listed) == {"index.md"}


def test_every_page_has_one_title():
    for page in DOCS.glob("*.md"):
        text = re.sub(r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.M | re.S)
        assert len(re.findall(r"^# ", text, re.MULTILINE)) == 1, page.name


def test_the_reference_has_every_module_of_its_packages(pages, tmp_path):
    (tmp_path / "of_a_package_that_went.rst").write_text("old")
    pages.write_reference(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == set(map(pages.file_of, pages.PAGES))
    text = (tmp_path / "control_costs.rst").read_text()
    modules = {path.stem for path in (pages.ROOT / "control" / "costs").glob("[!_]*.py")}
    found = re.findall(r"automodule:: mme_ilqr_ros\.control\.costs\.(\w+)", text)
    assert found[0] == "term"
    assert set(found) == modules


def test_a_link_to_a_folder_becomes_text(pages, tmp_path):
    (tmp_path / "results").mkdir()
    text = "see [results](results), [one](results/a.json) and ![it](images/a.png)"
    plain = text.replace("[results](results)", "results")
    assert pages.without_folders(text, tmp_path) == plain


def test_docstrings_become_restructured_text(pages):
    lines = [
        "The sum",
        "",
        "    a + b",
        "",
        "of two.",
        "",
        "Returns:",
        "    x: a",
        "      b",
        "    y: c",
    ]
    assert pages.as_restructured(lines) == [
        "The sum",
        "",
        "::",
        "",
        "    a + b",
        "",
        "of two.",
        "",
        "Returns:",
        "    A tuple of",
        "",
        "    * **x** – a",
        "      b",
        "    * **y** – c",
    ]


@pytest.mark.slow
def test_the_site_builds_without_a_warning_and_loads_nothing_from_elsewhere(tmp_path):
    for needed in ("sphinx", "myst_parser", "furo", "sphinx_copybutton"):
        pytest.importorskip(needed)
    command = [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-q", "-b", "html"]
    built = subprocess.run(
        [*command, "-c", "docs", "-d", str(tmp_path / "doctrees"), ".", str(tmp_path / "site")],
        cwd=REPOSITORY,
        env={**os.environ, "PYTHONWARNINGS": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (built.returncode, built.stderr) == (0, "")
    written = list((tmp_path / "site").rglob("*.html"))
    assert len(written) > 30
    loaded = {
        (path.name, address)
        for path in written
        for address in LOADED.findall(path.read_text(encoding="utf-8"))
    }
    assert [item for item in loaded if re.match(r"(?:\w+:)?//", item[1])] == []
    for path in (tmp_path / "site").rglob("*.css"):
        assert not re.search(
            r"(?:@import|url\()\W*(?:https?:)?//", path.read_text(encoding="utf-8")
        )
    index = (tmp_path / "site" / "searchindex.js").read_text(encoding="utf-8")
    assert '"docs/tuning"' in index
