"""Faults of processes: the real nodes, killed, stopped, starved, and with a clock that jumps."""
