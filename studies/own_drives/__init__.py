"""What a robot's owner gains from drives: places, directions, other maps, time."""
