"""Which nodes make a system, and how to run one without `ros2 launch`.

`system` is the declaration that the launch files read too; `mme-ilqr sim` drives a
scenario to its end. Nothing here imports rclpy: nodes are processes.
"""
