"""Goals and their ends, through simulator, planner and controller as processes."""
