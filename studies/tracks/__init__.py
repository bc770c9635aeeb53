"""Tracks of what moves, against the truth of the simulator."""
