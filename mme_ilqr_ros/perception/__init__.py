"""From laser scans to what planner and controller take: walls, circles that move, a map."""
