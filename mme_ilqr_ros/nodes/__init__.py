"""The ROS 2 edge: the only folder that imports rclpy.

Every node reads the same way: parameters in, messages to values, one call into the core, values to
messages.
"""
