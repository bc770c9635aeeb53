"""Global planning on occupancy grids: cell costs, the exact Bellman fixed point, checked paths.

Needs numpy, scipy and numba only. Weights are trained in `learning/` and `training/`.
"""
