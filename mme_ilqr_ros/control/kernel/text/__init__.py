"""The solver's inner loops as text: every number is a lane of modes, or shared by all of them.

`build.py` joins these files and the printed functions of a problem (`step`, `stage_cost`,
`terminal_cost`, `terminal_quadratic`, `action_value`, `value_update`) into one module. Numba
compiles it on the lanes of `lanes.py`; plain Python runs the same text on numpy arrays, and tests
compare the two. The files are never imported one by one: `jit` and `inline`, the sizes NX, NU, NK,
the tuple HELD (for every control the state that holds it, or -1) and each other's functions come
from the joined module. Write `a = a + b`, never `a += b`: that would
change a numpy view in place.

Notation: N modes, T stages; x [NX], u [NU]; X [T+1, NX], U [T, NU]; k, K feedforward and gains;
V_x, V_xx value derivatives; Q_.. action-value derivatives; p [T+1, NP] stage parameters; dt [1];
limits = (lower, upper, rate), each [NU].
"""
