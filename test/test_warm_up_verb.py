"""`mme-ilqr warm_up` compiles what the nodes need, and the installation runs it."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from mme_ilqr_ros import __main__, cache_folders, warm_up
from mme_ilqr_ros.simulation.robot_file import robot_names

ROOT = Path(__file__).resolve().parents[1]
MINUTE = 600.0  # s, of a busy machine


def test_the_shipped_robots_share_one_kernel():
    (name,) = [name for name in warm_up.jobs([]) if name.startswith("controller")]
    assert all(robot in name for robot in robot_names())


def test_a_robot_with_costs_of_its_own_has_a_kernel_of_its_own(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "examples" / "my_robot_package"))
    own = ROOT / "examples" / "my_robot_package" / "config" / "my_robot.yaml"
    names = [name for name in warm_up.jobs(["jackal", str(own)]) if name.startswith("controller")]
    assert len(names) == 2


def test_it_says_what_was_ready_and_what_it_compiled(monkeypatch, capsys):
    from mme_ilqr_ros.compile_cache import TALLY

    jobs = {"planner": lambda: None, "perception": lambda: TALLY.missed(foreign=False)}
    monkeypatch.setattr(warm_up, "jobs", lambda robots: jobs)
    assert __main__.main(["warm_up"]) == 0
    told = capsys.readouterr().out.splitlines()
    assert told[0] == "planner: was ready"
    assert told[1].startswith("perception: 1 functions compiled in ")
    assert told[2].startswith("compiled 1 of ")


def test_a_package_in_a_place_that_cannot_be_written_is_told_in_one_line(monkeypatch, capsys):
    monkeypatch.setattr(cache_folders, "READY", Path("/dev/null/compiled"))
    assert __main__.main(["warm_up", "--install"]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "--install: /dev/null/compiled: " in line


@pytest.mark.slow
def test_an_installation_compiles_so_that_the_first_start_on_a_cold_home_does_not(tmp_path):
    pytest.importorskip("rclpy")
    sources, prefix = tmp_path / "sources", tmp_path / "prefix"
    left_out = shutil.ignore_patterns(".*", "__pycache__", "*.egg-info", "build", "install", "out")
    shutil.copytree(ROOT, sources, ignore=left_out)
    version = f"python{sys.version_info[0]}.{sys.version_info[1]}"
    site = prefix / "lib" / version / "site-packages"
    site.mkdir(parents=True)
    flags = ("--single-version-externally-managed", "--record", str(tmp_path / "files"))
    command = [sys.executable, "-W", "ignore", "setup.py", "-q", "install", f"--prefix={prefix}"]
    done = subprocess.run(
        [*command, *flags], cwd=sources, capture_output=True, text=True, timeout=MINUTE
    )
    assert "compiling for this processor" in done.stdout, done.stderr
    assert list(site.rglob("__pycache__/compiled/**/*.nbc")), done.stderr
    home = {
        "HOME": str(tmp_path),
        "XDG_CACHE_HOME": str(tmp_path / "cold"),
        "PYTHONPATH": str(site),
    }
    seconds = 0.0
    for node in ("planner", "controller", "safety"):
        seconds += processor_seconds_until_ready(node, tmp_path, home)
    assert not (tmp_path / "cold").exists()
    assert seconds < 10.0


def processor_seconds_until_ready(node, folder, environment):
    """Start a node, wait until it is ready, and return what its process has taken [s]."""
    process = subprocess.Popen(
        [sys.executable, "-m", f"mme_ilqr_ros.nodes.{node}_node"],
        cwd=folder,
        env={**os.environ, **environment, "ROS_LOG_DIR": str(folder), "MME_ILQR_CACHE_DIR": ""},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        lines = []
        for line in process.stdout:
            lines.append(line)
            if "ready" in line:
                break
        assert not any("compiling" in line for line in lines), lines
        fields = Path(f"/proc/{process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    finally:
        process.terminate()
        process.wait(20.0)
        process.stdout.close()
