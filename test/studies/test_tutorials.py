"""The tutorials of docs/ run as they stand, one after the other, and make what they name."""

import re

import pytest

from studies import tutorials


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("tutorials")


@pytest.mark.slow
@pytest.mark.parametrize("name", tutorials.PAGES)
def test_a_tutorial_runs(name, folder):
    tutorials.follow(tutorials.DOCS / f"{name}.md", folder)


@pytest.mark.parametrize("name", tutorials.PAGES)
def test_a_tutorial_is_short_and_ends_in_a_picture_of_its_own(name):
    text = (tutorials.DOCS / f"{name}.md").read_text(encoding="utf-8")
    prose = re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL)
    assert len(prose.split()) < 600
    assert [picture for _, picture in tutorials.pictures(text)][-1] == f"{name}.png"


def test_a_command_that_fails_and_a_file_that_is_missing_are_told(tmp_path):
    page = tmp_path / "page.md"
    page.write_text("```sh\nfalse\ntrue\n```\n")
    with pytest.raises(tutorials.InputError, match=r"page\.md: exit status 1"):
        tutorials.follow(page, tmp_path)
    page.write_text("```python\n# a.py\nprint(1)\n```\n```sh\npython a.py\n```\nSee `out/a.png`.\n")
    pytest.importorskip("rclpy")
    with pytest.raises(tutorials.InputError, match=r"page\.md names out/a\.png"):
        tutorials.follow(page, tmp_path)
