"""Values that all parts use: angles, poses, grids, distance fields, paths and circles.

Units are metres, seconds and radians; frames are right-handed with x forward and z up. Nothing in
this folder knows ROS, a planner or a controller.
"""
