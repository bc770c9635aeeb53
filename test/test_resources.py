import importlib.util
import shutil
from pathlib import Path

import pytest

from mme_ilqr_ros import resources


def installed_copy(folder):
    """Put the module where pip or colcon would put it, and load it from there."""
    package = folder / "lib" / "python3" / "site-packages" / "mme_ilqr_ros"
    package.mkdir(parents=True)
    target = Path(shutil.copy(resources.__file__, package))
    spec = importlib.util.spec_from_file_location("resources_copy", target)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_in_a_checkout_the_repository_is_the_share_folder():
    if not (Path(resources.__file__).parents[1] / "package.xml").is_file():
        pytest.skip("the package under test is installed")
    root = Path(resources.__file__).resolve().parents[1]
    assert resources.share_path("config", "scenarios") == root / "config" / "scenarios"


def test_installed_packages_find_their_own_prefix(tmp_path):
    share = tmp_path / "share" / "mme_ilqr_ros"
    (share / "config").mkdir(parents=True)
    (share / "package.xml").touch()
    assert installed_copy(tmp_path).share_path("rviz", "a.rviz") == share / "rviz" / "a.rviz"


def test_an_installation_without_its_files_says_so(tmp_path):
    with pytest.raises(FileNotFoundError, match="install the package again"):
        installed_copy(tmp_path).share_path("config")
