"""A world with walls and moving circles, a robot that drives in it, and its sensors.

No ROS here: the simulator node, the benchmark and the tests drive the same `Simulator`.
"""
