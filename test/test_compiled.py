"""Compiling must not depend on a place to write to."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import mme_ilqr_ros

MODULE = """
from mme_ilqr_ros.compiled import compiled

@compiled
def add_one(x):
    return x + 1

print(add_one(2))
"""


@pytest.mark.parametrize("cache", [None, "/dev/null/nowhere"])
def test_a_read_only_package_and_home_still_work(tmp_path, cache):
    (tmp_path / "looped.py").write_text(MODULE)
    (tmp_path / "__pycache__").touch()  # a file in its place: nothing can be written there
    root = Path(mme_ilqr_ros.__file__).parents[1]
    environment = dict(os.environ, HOME="/dev/null", XDG_CACHE_HOME="/dev/null")
    environment["PYTHONPATH"] = f"{root}{os.pathsep}{tmp_path}"
    environment.pop("NUMBA_CACHE_DIR", None)
    if cache:
        environment["NUMBA_CACHE_DIR"] = cache
    done = subprocess.run(
        [sys.executable, "-c", "import looped"], capture_output=True, text=True, env=environment
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "3"
