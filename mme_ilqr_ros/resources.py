"""Where the files that belong to the package lie: scenarios, maps, weights, RViz and YAML files."""

from __future__ import annotations

from pathlib import Path

_NAME = "mme_ilqr_ros"


def share_path(*parts: str) -> Path:
    """Return the path of a file or folder of the package's share, e.g. `config/scenarios`.

    In a checkout (also one installed with `--symlink-install` or `pip install -e`) this is the
    repository itself, so an edited file counts at once. Otherwise it is `share/mme_ilqr_ros` of
    the prefix into which pip or colcon put this very package; looking upwards from the package
    finds it in every layout, without asking an ament index that pip users may not have.

    Args:
        parts: Path below the share folder; whether it exists is not checked.

    Raises:
        FileNotFoundError: The package was installed without its share folder.
    """
    package = Path(__file__).resolve().parent
    shares = [package.parent, *(folder / "share" / _NAME for folder in package.parents)]
    for share in shares:
        if (share / "package.xml").is_file() and (share / "config").is_dir():
            return share.joinpath(*parts)
    raise FileNotFoundError(
        f"the files of {_NAME} (config/, rviz/) are not installed beside {package};"
        " install the package again with pip or colcon"
    )
