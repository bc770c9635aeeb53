"""Other planners on grids: trained family files and other libraries' searches."""
