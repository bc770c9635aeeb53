import contextlib
import socket
import subprocess
import sys

import pytest

from mme_ilqr_ros.bringup.domain import DOMAINS, NoDomainError, reserved_domain
from mme_ilqr_ros.bringup.run import domain_of_a_run, environment_of_a_run


def test_no_two_runs_hold_the_same_domain(tmp_path, monkeypatch):
    monkeypatch.setattr("mme_ilqr_ros.bringup.domain.is_silent", lambda domain: True)
    with contextlib.ExitStack() as runs:
        held = [runs.enter_context(reserved_domain(tmp_path)) for _ in DOMAINS]
        assert sorted(held) == list(DOMAINS)
        with pytest.raises(NoDomainError, match="set ROS_DOMAIN_ID"):
            runs.enter_context(reserved_domain(tmp_path))
    with reserved_domain(tmp_path) as again:
        assert again in DOMAINS


def test_a_domain_in_which_somebody_listens_is_left_out(tmp_path, monkeypatch):
    monkeypatch.setattr("mme_ilqr_ros.bringup.domain.DOMAINS", (100, 101))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as listener:
        listener.bind(("", 7400 + 250 * 101 + 10))  # RTPS: the first participant's own port
        with reserved_domain(tmp_path) as domain:
            assert domain == 100


def test_a_domain_is_free_again_when_its_process_dies(tmp_path):
    hold = (
        "import os, pathlib\n"
        "from mme_ilqr_ros.bringup import domain\n"
        "from mme_ilqr_ros.bringup.domain import DOMAINS, reserved_domain\n"
        "domain.is_silent = lambda number: True\n"
        f"runs = [reserved_domain(pathlib.Path({str(tmp_path)!r})) for _ in DOMAINS]\n"
        "[run.__enter__() for run in runs]\n"
        "os._exit(0)\n"
    )
    subprocess.run([sys.executable, "-c", hold], check=True)
    with reserved_domain(tmp_path) as domain:
        assert domain in DOMAINS


def test_the_users_own_domain_wins():
    with domain_of_a_run({"ROS_DOMAIN_ID": "42"}) as domain:
        assert environment_of_a_run({"ROS_DOMAIN_ID": "42"}, domain)["ROS_DOMAIN_ID"] == "42"
