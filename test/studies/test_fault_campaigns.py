"""A small seeded slice of the message faults, and the guard of the fuzzed readers."""

import json
import warnings

import numpy as np
import pytest

pytest.importorskip("rclpy")

from mme_ilqr_ros.bringup.domain import reserved_domain
from studies.faults.messages.episode import Episode
from studies.faults.readers.guard import Guard
from studies.faults.readers.mutate import mutated
from studies.faults.readers.targets import TARGETS


@pytest.fixture(scope="module")
def domain():
    with reserved_domain() as domain:
        yield domain


def test_some_message_faults_break_no_rule_and_can_be_repeated(domain):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of numpy, about numbers that are not finite
        runs = [Episode(1, 2, domain, only=range(300)).run(bouts=1) for _ in range(2)]
    assert runs[0] == runs[1]
    assert runs[0].broken == []
    assert runs[0].faults == 300
    assert len(runs[0].kinds) > 8


@pytest.mark.parametrize("name", TARGETS)
def test_a_reader_keeps_the_rules(name, tmp_path):
    target, rng = TARGETS[name](), np.random.default_rng(0)
    guard = Guard(target.read, target.refusals, tmp_path)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for data in target.seeds:
            guard(data)
        assert guard.counts["read"] > 0
        for _ in range(100):
            guard(mutated(rng, target.seeds, target.words, target.longest))
    assert dict(guard.failures) == {}


def test_the_guard_keeps_what_breaks_a_rule(tmp_path):
    def read(data):
        if data == b"raises":
            raise KeyError(data)
        if data == b"babbles":
            raise ValueError("line\nline")

    guard = Guard(read, (ValueError,), tmp_path)
    for data in (b"fine", b"raises", b"babbles", b"raises"):
        guard(data)
    guard.report()
    assert guard.counts == {"read": 1, "refused": 1, "failed": 2}
    kept = {path.read_bytes() for path in tmp_path.glob("*.input")}
    assert kept == {b"raises", b"babbles"}
    summary = json.loads((tmp_path / "summary.json").read_text())
    assert summary["inputs"] == 4
    assert sum(summary["failures"].values()) == 3
