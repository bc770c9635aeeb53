"""A free ROS domain for each run, so that two runs on one machine do not hear each other."""

from __future__ import annotations

import contextlib
import fcntl
import os
import random
import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path

from mme_ilqr_ros.errors import InputError

DOMAINS = range(1, 102)  # whose DDS ports are free on every system


class NoDomainError(InputError):
    """Every domain is taken by another run."""


@contextlib.contextmanager
def reserved_domain(folder: Path | None = None) -> Iterator[int]:
    """Hold a domain that no other run of this user or another holds, until the block ends.

    A lock on a file stands for the domain; it goes with the process, however that ends. Domains in
    which a program without such a lock is heard, e.g. a node started by hand, are left out too.

    Args:
        folder: Where the lock files are; the system's folder for temporary files by default.

    Raises:
        NoDomainError: All are held.
    """
    folder = folder or Path(tempfile.gettempdir())
    for domain in random.SystemRandom().sample(DOMAINS, len(DOMAINS)):
        path = folder / f"mme_ilqr_ros_domain_{domain}.lock"
        try:
            lock = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
        except PermissionError:  # another user's file
            continue
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(lock)
            continue
        if not is_silent(domain):
            os.close(lock)
            continue
        try:
            yield domain
        finally:
            os.close(lock)
        return
    raise NoDomainError("every ROS domain from 1 to 101 is taken; set ROS_DOMAIN_ID")


def is_silent(domain: int) -> bool:
    """Return whether no DDS participant of this machine is in a domain.

    The first one in a domain listens at a port that the RTPS standard derives from its number.
    """
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.bind(("", 7410 + 250 * domain))
        except OSError:
            return False
    return True
