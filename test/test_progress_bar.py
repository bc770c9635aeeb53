"""Progress: a bar on a terminal, plain lines in a file."""

import io

import pytest

from mme_ilqr_ros import progress_bar
from mme_ilqr_ros.progress_bar import ProgressBar


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.fixture
def shown(monkeypatch):
    """Return what steps with these statuses write on a stream."""

    def shown(stream, *statuses, line=""):
        monkeypatch.setattr("sys.stderr", stream)
        with ProgressBar(len(statuses), "step") as bar:
            for status in statuses:
                bar.step(line, status=status)
        return stream.getvalue()

    return shown


def test_a_file_gets_no_carriage_return_and_the_last_status(shown):
    assert shown(io.StringIO(), "loss 2", "loss 1", "loss 0") == "[3/3] loss 0\n"


def test_a_file_gets_a_line_every_now_and_then(shown, monkeypatch):
    monkeypatch.setattr(progress_bar, "LINE_PERIOD", 0.0)
    assert shown(io.StringIO(), "loss 1", "loss 0") == "[1/2] loss 1\n[2/2] loss 0\n"


def test_a_file_gets_every_step_that_has_a_line_and_nothing_of_quick_silent_ones(shown):
    assert shown(io.StringIO(), "", "", line="w: success") == "[1/2] w: success\n[2/2] w: success\n"
    assert shown(io.StringIO(), "", "") == ""


def test_a_terminal_gets_a_bar(shown):
    told = shown(Terminal(), "loss 1", "loss 0")
    assert "\r" in told
    assert "2/2" in told
