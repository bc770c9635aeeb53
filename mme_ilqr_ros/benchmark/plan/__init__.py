"""`mme-ilqr plan`: the global planner on maps, query by query, compared with exact search."""
