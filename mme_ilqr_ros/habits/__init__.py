"""What a robot's owner likes, learned from drives: costs of places, of things seen, of directions.

Needs numpy, scipy and numba only. The planner evaluates what is learned (`planning/habit_cost.py`).
"""
