"""Compiling must not depend on a place to write to, and is done once for everybody."""

import importlib
import os
import sys

import pytest
from numba.core.codegen import JITCPUCodegen

from mme_ilqr_ros import cache_folders, compile_cache

CALLED = """
from mme_ilqr_ros.compiled import compiled

@compiled
def add_one(x):
    return x + {added}
"""
MODULE = """
from called_here import add_one
from mme_ilqr_ros.compiled import compiled

@compiled
def add_two(x):
    return add_one(add_one(x))
"""
FRESH, AGAIN = ["not compiled yet"], []


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Return a function that loads the module anew, calls it, and returns what was announced."""
    (tmp_path / "looped_here.py").write_text(MODULE)
    (tmp_path / "called_here.py").write_text(CALLED.format(added=1))
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("MME_ILQR_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setattr(cache_folders, "_temporary", lambda: None)
    monkeypatch.setattr(cache_folders, "READY", tmp_path / "ready")

    def run(result=4):
        compile_cache._text_hash.cache_clear()
        importlib.invalidate_caches()
        for name in ("looped_here", "called_here"):
            sys.modules.pop(name, None)
        said = []
        with compile_cache.announced(said.append):
            assert importlib.import_module("looped_here").add_two(2) == result
        return said

    yield run
    for name in ("looped_here", "called_here"):
        sys.modules.pop(name, None)


def test_without_any_folder_to_write_to_it_works_still(run, monkeypatch):
    monkeypatch.setenv("MME_ILQR_CACHE_DIR", "/dev/null/nowhere")
    assert run() == run() == FRESH


def test_what_was_compiled_is_loaded_until_a_file_changes_that_it_calls(run, tmp_path):
    assert run() == FRESH
    assert run() == AGAIN
    os.utime(tmp_path / "looped_here.py", (1.0, 1.0))  # as in an image that forgets times
    assert run() == AGAIN
    (tmp_path / "called_here.py").write_text(CALLED.format(added=30))
    assert run(result=62) == FRESH


def test_what_was_compiled_for_another_processor_is_compiled_once_more(run, monkeypatch):
    with monkeypatch.context() as elsewhere:
        elsewhere.setattr(JITCPUCodegen, "magic_tuple", lambda _: ("another", "processor", ""))
        run()
    assert run() == ["compiled for another processor so far"]
    assert run() == AGAIN


def test_a_damaged_file_counts_as_none(run, tmp_path):
    run()
    files = [*tmp_path.rglob("cache/**/*.nbc"), *tmp_path.rglob("cache/**/*.nbi")]
    assert files
    for file in files:
        file.write_bytes(file.read_bytes()[:40])
    assert run() == FRESH
    assert run() == AGAIN


def test_the_folder_beside_the_package_is_filled_once_and_only_read_from_then_on(
    run, tmp_path, monkeypatch
):
    ready = tmp_path / "ready"
    run()
    assert not ready.exists()
    monkeypatch.setattr(cache_folders, "_is_filled", False)  # and again after this test
    cache_folders.fill()  # as the installation does
    assert run() == AGAIN  # taken over from the user's
    monkeypatch.setattr(cache_folders, "_is_filled", False)
    monkeypatch.setenv("MME_ILQR_CACHE_DIR", str(tmp_path / "other"))
    assert run() == AGAIN
    assert not (tmp_path / "other").exists()
    for file in ready.rglob("*"):  # root's work, for everybody
        assert file.stat().st_mode & 0o444 == 0o444, file


def test_a_folder_in_tmp_that_somebody_else_made_is_not_used(tmp_path, monkeypatch):
    monkeypatch.setattr(cache_folders.tempfile, "gettempdir", lambda: str(tmp_path))
    assert cache_folders._temporary() is not None
    cache_folders._temporary().mkdir()
    monkeypatch.setattr(cache_folders.os, "getuid", lambda: -1)
    (tmp_path / "mme_ilqr_ros_-1").mkdir()
    assert cache_folders._temporary() is None
