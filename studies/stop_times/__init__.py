"""How soon the robot is stopped when something between its sensors and its wheels dies."""
