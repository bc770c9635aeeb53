"""The numba compiler with its cache, under the name by which planning knows it."""

from mme_ilqr_ros.compiled import compiled

__all__ = ["compiled"]
