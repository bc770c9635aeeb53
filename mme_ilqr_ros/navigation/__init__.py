"""Scans and odometry in, velocity commands out: perception, planner and controller in one loop."""
