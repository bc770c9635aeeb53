"""Training of the planner's learned cost: `python -m mme_ilqr_ros train navigation`."""
