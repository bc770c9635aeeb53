"""A local web page of a robot that drives: in process without ROS, or of running nodes."""
