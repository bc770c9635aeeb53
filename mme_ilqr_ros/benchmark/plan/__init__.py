"""`mme-ilqr plan`: global planners on grids, query by query, beside exact search."""
