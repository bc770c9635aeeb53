"""Local controllers of other libraries, driven in the same worlds as the package's."""
