"""YAML and JSON that stand for what nobody can use are refused in one line."""

import pytest

from mme_ilqr_ros.documents import DocumentError, parse_json, parse_yaml

BOMB = "a0: &a0 [x, x]\n" + "".join(f"a{i}: &a{i} [*a{i - 1}, *a{i - 1}]\n" for i in range(1, 40))


@pytest.mark.parametrize(
    "text",
    [
        "a: [1, 2",
        "on: 2001-99-99",  # a date that cannot be
        "!!timestamp soon",
        "!!bool 5",
        '!!int ""',
        "0b_",
        "!!binary a",
        "!!python/object:os.system x",
        "a: &a [*a]",
        "a: &a {b: *a}",
        BOMB,
        "[" * 5000,
        "a: " + "[" * 60 + "]" * 60,
        "a: 0x" + "f" * 4000,
        "a: " + "9" * 5000,
    ],
    ids=range(15),
)
def test_a_yaml_text_that_cannot_be_used_is_refused_in_one_line(text):
    with pytest.raises(DocumentError) as refusal:
        parse_yaml(text)
    assert "\n" not in str(refusal.value)
    assert 5 < len(str(refusal.value)) < 300


@pytest.mark.parametrize("text", ["[1, 2", "[" * 100_000, "[" * 80 + "]" * 80, "9" * 5000])
def test_a_json_text_that_cannot_be_used_is_refused(text):
    with pytest.raises(DocumentError):
        parse_json(text)


def test_aliases_are_fine_where_they_are_few():
    assert parse_yaml("a: &a [1, 2]\nb: [*a, *a]") == {"a": [1, 2], "b": [[1, 2], [1, 2]]}
