"""Local controllers made of other people's solvers, driven in the same worlds as the package's."""
