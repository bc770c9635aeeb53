"""Everything of the planner that needs torch: networks, fixed points, implicit gradients."""
