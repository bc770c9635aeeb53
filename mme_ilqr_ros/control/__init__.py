"""Local control by multimodal maximum-entropy iLQR. Knows nothing of ROS or of the planner."""
