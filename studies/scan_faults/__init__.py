"""What a scanner and odometry can do wrong, through the real controller node."""
