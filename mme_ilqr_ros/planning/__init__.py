"""Global planning on occupancy grids: the Bellman fixed point, its gradient, and the planner.

The planner itself (`planner.py`) needs numpy, scipy and numba. Only the learning parts
(`fixed_point/`, `bellman.py`, `structured.py`, `family/`) import torch.
"""
