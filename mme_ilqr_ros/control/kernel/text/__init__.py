"""The solver's inner loops as text: every number is a lane of modes, or shared by all of them.

`build.py` joins these files and the printed functions of a problem (`step`, `stage_cost`,
`terminal_cost`, `terminal_quadratic`, `action_value`, `value_update`) into one module. Numba
compiles it on the lanes of `lanes.py`; plain Python runs the same text on numpy arrays, and tests
compare the two. The files are never imported one by one: `jit`, `inline` and `plain`, the sizes NX,
NU, NK, the tuple HELD (for every control the state that holds it, or -1) and each other's functions
come from the joined module. Write `a = a + b`, never `a += b`: that would change a numpy view in
place. Functions under `jit` and `inline` hold no references to arrays and cannot make new ones.

Notation: N modes, T stages; x [NX], u [NU]; X [T+1, NX], U [T, NU]; k, K feedforward and gains;
V_x, V_xx value derivatives; Q_.. action-value derivatives.
task = (p, dt, limits, tracks, world): stage parameters p [T+1, NP], dt [1],
limits = (lower, upper, rate), each [NU], tracks [T+1, M, 4] (where the circles will be), and world
(`World.pack`).

Arrays from outside are [G, ..., L]: G groups of L modes, the modes of a group side by side. Their
names end in _, and `lanes` sees them as arrays of lanes [G, ...].
"""
