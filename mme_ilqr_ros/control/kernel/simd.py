"""The operations of `program/lane.py` on SIMD lanes; it takes that file's place in a kernel."""

import numba

from mme_ilqr_ros.compile_cache import kept_on_disk
from mme_ilqr_ros.control.kernel.lane_math import (
    absolute,
    cos,
    exp,
    floor,
    log,
    power,
    sin,
    sqrt,
    tan,
    time_is_up,
)
from mme_ilqr_ros.control.kernel.lanes import (
    OPTIONS,
    any_lane,
    fill,
    gather_square,
    inline,
    lanes,
    local,
    lowest_bit,
    select,
    vmax,
    vmin,
)

LANES = 8  # one vector of 8 floats on AVX2, of 8 doubles on AVX-512


def jit(function):
    """An entry of the program: called from outside."""
    return kept_on_disk(numba.njit(**OPTIONS)(function))


def plain(function):
    """Likewise, on numbers and with rounding as in numpy."""
    return kept_on_disk(numba.njit(error_model="numpy")(function))
