"""One setting of the controller changed at a time, in the same worlds."""
