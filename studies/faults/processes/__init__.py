"""Faults of processes: the real nodes as processes, killed, stopped, starved and lied to on time."""
