"""What each part of the controller earns: one changed setting a row, in the same worlds."""
