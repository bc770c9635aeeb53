"""Between arrays of modes [N, F], all axes of a mode in one, and the lanes of a group of modes."""

from .lane import LANES, inline


@inline
def modes_of(first, n_modes, modes):
    """Fill modes [LANES] with those of a group; spare lanes of the last group repeat mode 0."""
    for lane in range(LANES):
        modes[lane] = first + lane if first + lane < n_modes else 0


@inline
def load(array, modes, memory):
    """Copy modes [LANES] of an array [N, F] into flat memory [F * LANES]."""
    for n in range(array.shape[1]):
        for lane in range(LANES):
            memory[n * LANES + lane] = array[modes[lane], n]


@inline
def store(memory, first, array):
    """Copy flat memory [F * LANES] into the modes of an array [N, F] from `first` on."""
    count = min(LANES, array.shape[0] - first)
    for n in range(array.shape[1]):
        for lane in range(count):
            array[first + lane, n] = memory[n * LANES + lane]
