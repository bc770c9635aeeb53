"""What the package raises when something that it was given cannot be used."""

from __future__ import annotations


class InputError(ValueError):
    """Something given cannot be used: a file, a name, a number; one line that names it.

    Every command line shows the line and ends with status 2.
    """


HOW_TO_GET_ROS = "source a ROS 2 installation, or on Linux x86-64: pip install 'mme_ilqr_ros[ros]'"
