"""Settings of the nodes, without ROS."""
