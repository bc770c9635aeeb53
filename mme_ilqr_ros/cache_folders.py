"""The folders of compiled code: one beside the package, and the user's cache."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

READY = Path(__file__).resolve().parent / "__pycache__" / "compiled"
"""Filled when the package is installed (`mme-ilqr warm_up --install`); else only read."""


_is_filled = False


def fill() -> None:
    """From now on in this process, put compiled code beside the package.

    Raises:
        OSError: Nothing can be written there.
    """
    global _is_filled
    READY.mkdir(parents=True, exist_ok=True)
    (READY / "here").touch()
    _is_filled = True


def readable() -> list[Path]:
    """Return where compiled code is looked for, in this order."""
    return [READY, *_of_the_user()]


def writable() -> list[Path]:
    """Return the folders to try, best first; where the package's is filled, that and no other."""
    return [READY] if _is_filled else _of_the_user()


def _of_the_user() -> list[Path]:
    """Return `MME_ILQR_CACHE_DIR` or ~/.cache, then /tmp."""
    return [folder for folder in (_chosen(), _temporary()) if folder is not None]


def _chosen() -> Path | None:
    if named := os.environ.get("MME_ILQR_CACHE_DIR"):
        return Path(named)
    try:
        return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "mme_ilqr_ros"
    except RuntimeError:  # a user without a home
        return None


def _temporary() -> Path | None:
    """Return a folder in /tmp; None where another user made it, whose code is not run."""
    folder = Path(tempfile.gettempdir()) / f"mme_ilqr_ros_{os.getuid()}"
    try:
        return folder if folder.lstat().st_uid == os.getuid() else None
    except OSError:
        return folder  # not there yet
