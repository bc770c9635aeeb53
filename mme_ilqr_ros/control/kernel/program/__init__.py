"""The solver's inner loops, as they run on one group of modes side by side.

These files are ordinary modules: imported as they stand they run on numpy arrays (`lane.py`), for
the example of a point mass (`stage.py`). `build.py` makes the kernel of a robot by copying this
folder and putting other files in place of those two: the functions printed from the robot's symbols
for `stage.py`, and for compiled code the SIMD lanes of numba for `lane.py`. Imports are relative,
so that a copy imports its own neighbours.

Notation: N modes, T stages; x [NX], u [NU]; X [T+1, NX], U [T, NU]; k, K feedforward and gains;
V_x, V_xx value derivatives; Q_.. action-value derivatives. Every number of these arrays is a lane:
that number for each of LANES modes. `task` and `memory` are the NamedTuples of `kernel/task.py`.

Rules: write `a = a + b`, never `a += b`, which would change a numpy view in place. Functions under
`jit` and `inline` hold no references to arrays and cannot allocate.
"""
