"""The solver's inner loops as text: scalars and loops, no imports of their own.

`build.py` joins these files and the printed stage functions of a problem (`step`,
`step_jacobian`, `stage_cost`, `stage_quadratic`, `terminal_cost`, `terminal_quadratic`) into one
module, and lets numba compile it. Plain Python runs the same text; tests compare with that.
They are never imported one by one: `jit`, the sizes NX, NU, the tuple HELD (for every control the
state that holds it, or -1) and each other's functions come from the joined module.

Notation: N modes, T stages; x [NX], u [NU]; X [T+1, NX], U [T, NU]; k, K feedforward and gains;
V_x, V_xx value derivatives; Q_.. action-value derivatives; p [T+1, NP] stage parameters; dt [1];
limits = (lower, upper, rate), each [NU].
"""
